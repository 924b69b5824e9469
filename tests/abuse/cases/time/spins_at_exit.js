// attack: spins after its end, in an exit handler
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// evidence: cpu
// stdout: ^main is over$
// after: worker and neighbours unharmed, container gone
process.on('exit', () => { for (;;); });
console.log('main is over');
