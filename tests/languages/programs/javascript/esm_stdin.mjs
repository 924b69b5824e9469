import * as rl from "readline";
for await (const line of rl.createInterface({ input: process.stdin })) console.log(line.length);
