const lines = require("readline").createInterface({ input: process.stdin });
lines.on("line", (line) => console.log([...line].reverse().join(""), [...line].length));
