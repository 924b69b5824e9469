// attack: blocks its main thread for ever
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// signal: SIGKILL
// after: worker and neighbours unharmed, container gone
process.on('SIGTERM', () => {});
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
