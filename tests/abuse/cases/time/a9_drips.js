// attack: prints a byte now and then for ever
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// stdout: ^\.{2,20}$
// after: worker and neighbours unharmed, container gone
setInterval(() => process.stdout.write('.'), 200);
