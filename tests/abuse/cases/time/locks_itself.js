// attack: waits for a worker thread that waits for it
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
const { Worker, isMainThread, workerData } = require('worker_threads');
if (isMainThread) {
  const shared = new SharedArrayBuffer(8);
  new Worker(__filename, { workerData: shared });
  Atomics.wait(new Int32Array(shared), 0, 0);
} else Atomics.wait(new Int32Array(workerData), 1, 0);
