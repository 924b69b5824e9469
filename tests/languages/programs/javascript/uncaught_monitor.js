process.on("uncaughtExceptionMonitor", (e, o) => console.log("monitor", o)); throw new Error("y");
