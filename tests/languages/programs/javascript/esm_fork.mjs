import { fork } from "child_process";
if (process.argv[2]) console.log("child", process.argv.length); else fork(process.argv[1], ["x"]).on("exit", c => console.log("exit", c));
