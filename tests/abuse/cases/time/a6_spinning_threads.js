// attack: spins in many worker threads
// expect: time_limit
// limits: {"cpuSeconds": 1, "wallSeconds": 25, "memoryBytes": 268435456}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
const { Worker, isMainThread } = require('worker_threads');
if (isMainThread) for (let i = 0; i < 4; i++) new Worker(__filename);
while (1);
