const rl = require("readline/promises").createInterface({ input: process.stdin, output: process.stdout });
rl.question("name? ").then(a => { console.log("hi", a); rl.close(); });
