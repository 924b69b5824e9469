process.on("exit", () => { throw new Error("late"); });
