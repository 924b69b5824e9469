// attack: stops itself
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
process.kill(process.pid, 'SIGSTOP');
