const { fork } = require("child_process");
if (process.argv[2]) { process.send({ argv: process.argv, execArgv: process.execArgv, env: Object.keys(process.env).filter(k => k !== "NODE_CHANNEL_FD" && k !== "NODE_CHANNEL_SERIALIZATION_MODE"), preload: process._preload_modules }); process.on("message", m => { console.log("child got", m); process.exit(5); }); }
else { const c = fork(__filename, ["child"]); c.on("message", m => { console.log(m); c.send("hi"); }).on("exit", code => console.log("exit", code)); }
