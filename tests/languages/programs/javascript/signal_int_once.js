process.once("SIGINT", () => process.kill(process.pid, "SIGINT")); setInterval(() => {}, 1000); process.kill(process.pid, "SIGINT");
