const { spawnSync } = require("child_process"); console.log("parent"); spawnSync("sh", ["-c", "echo child; echo err >&2; cat"], { stdio: "inherit" });
