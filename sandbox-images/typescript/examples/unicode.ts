import * as readline from "readline";

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line: string) => console.log([...line].reverse().join(""), [...line].length));
