const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
console.log(lines.length, lines.slice(1).map(l => l.split(" ").reduce((a, b) => a + +b, 0)));
