// attack: kills itself with the signal of the OOM killer
// expect: runtime_error
// signal: SIGKILL
// after: worker and neighbours unharmed, container gone
process.kill(process.pid, 'SIGKILL');
setInterval(() => {}, 1000);
