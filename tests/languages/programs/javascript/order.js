setTimeout(() => console.log("timeout"), 0); setImmediate(() => setTimeout(() => console.log("late"), 0));
process.nextTick(() => console.log("tick")); Promise.resolve().then(() => console.log("micro")); queueMicrotask(() => console.log("micro2"));
(async () => { console.log("sync"); await 0; console.log("after await"); })(); console.log("end");
