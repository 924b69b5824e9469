process.stdout.end("bye"); process.stdout.on("finish", () => { console.error("finish"); setTimeout(() => process.stdout.write("x"), 2); });
