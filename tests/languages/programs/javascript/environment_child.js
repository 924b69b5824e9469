const { execFileSync } = require("child_process");
console.log(execFileSync("env").toString().split("\n").sort().join(" "));
console.log(Object.keys(process.env), "NODE_OPTIONS" in process.env, process.env.SANDFLEET_WARM);
