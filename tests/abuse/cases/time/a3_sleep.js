// attack: waits for ever without using the CPU
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
setInterval(() => {}, 1e9);
