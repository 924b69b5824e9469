// attack: reaches for internals of its interpreter to start and change processes
// expect: ok
// stdout: ^65534 65534$
// after: worker and neighbours unharmed, container gone
process.noDeprecation = true;
for (const name of ['spawn_sync', 'process_wrap', 'fs', 'tcp_wrap', 'pipe_wrap']) try { process.binding(name); } catch {}
for (const act of [() => process.setuid(0), () => process.setgid(0), () => process.setgroups([0]), () => process.initgroups('nobody', 0), () => process.seteuid(0)])
  try { act(); console.log('became root'); } catch {}
console.log(process.getuid(), process.geteuid());
