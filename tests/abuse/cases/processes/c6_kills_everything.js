// attack: kills everything it may
// expect: runtime_error
// signal: SIGKILL
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// after: worker and neighbours unharmed, container gone
for (const pid of [1, -1, process.pid])
  try { process.kill(pid, 'SIGKILL'); } catch {}
setInterval(() => {}, 1000);
