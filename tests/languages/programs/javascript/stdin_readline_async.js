const rl = require("readline").createInterface({ input: process.stdin, output: process.stdout, terminal: false });
(async () => { let sum = 0; for await (const l of rl) sum += Number(l); console.log(sum); })();
