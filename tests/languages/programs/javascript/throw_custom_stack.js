Error.prepareStackTrace = (e, s) => e.message + " @ " + s.map(f => f.getFunctionName() + ":" + f.getLineNumber()).slice(0, 2).join();
console.log(new Error("m").stack); throw new Error("end");
