process.on("exit", () => console.log("not printed")); process.reallyExit(6);
