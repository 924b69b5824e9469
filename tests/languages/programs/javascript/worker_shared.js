const { Worker } = require("worker_threads"); const b = new Int32Array(new SharedArrayBuffer(4)); let n = 3;
for (let i = 0; i < 3; i++) new Worker("const { workerData: b } = require('worker_threads'); for (let i = 0; i < 1000; i++) Atomics.add(b, 0, 1)", { eval: true, workerData: b }).on("exit", () => { if (!--n) console.log(b[0]); });
