// attack: starts worker threads for ever
// expect: runtime_error | time_limit | memory_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
const { Worker } = require('worker_threads');
for (let i = 0; i < 200; i++) new Worker(__filename);
