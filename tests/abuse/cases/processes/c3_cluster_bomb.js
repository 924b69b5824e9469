// attack: forks a cluster for ever
// expect: runtime_error | time_limit | memory_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
const cluster = require('cluster');
for (let i = 0; i < 200; i++) cluster.fork();
