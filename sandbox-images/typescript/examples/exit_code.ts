console.log("leaving");
process.exitCode = 42;
