const { Worker, isMainThread, parentPort, workerData, threadId } = require("worker_threads");
if (isMainThread) { const w = new Worker(__filename, { workerData: { n: 5 } }); w.on("message", m => console.log("from worker", m)).on("exit", c => console.log("exit", c)); w.postMessage([1, 2]); }
else parentPort.once("message", m => { parentPort.postMessage({ m, workerData, threadId, argv: process.argv, execArgv: process.execArgv, env: Object.keys(process.env), cache: Object.keys(require.cache), preload: process._preload_modules }); process.exit(3); });
