import { Worker, isMainThread, parentPort } from "worker_threads";
if (isMainThread) new Worker(new URL(import.meta.url)).on("message", m => console.log(m)).on("exit", c => console.log(c));
else parentPort.postMessage("from a module worker");
