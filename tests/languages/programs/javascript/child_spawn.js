const { spawnSync } = require("child_process"); const r = spawnSync(process.execPath, ["-p", "[process.argv.length, process.execArgv, process._preload_modules, Object.keys(process.env)]"], { encoding: "utf8" }); console.log(r.status, r.stdout, r.stderr);
console.log(spawnSync("sh", ["-c", "cat; exit 4"], { input: "piped" }).stdout.toString(), spawnSync("nope").error.code);
