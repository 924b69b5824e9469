const { Worker } = require("worker_threads"); new Worker("console.log('worker says'); console.error('and complains'); require('fs').readdirSync('.').forEach(f => console.log(f))", { eval: true });
