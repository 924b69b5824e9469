process.on("beforeExit", c => { console.log("beforeExit", c); if (!globalThis.again) { globalThis.again = 1; setTimeout(() => console.log("more"), 1); } });
process.on("exit", c => { console.log("exit", c); process.exitCode = 9; });
