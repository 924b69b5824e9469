console.log("1"); console.error("2"); process.stdout.write("3\n"); require("fs").writeSync(1, "4\n");
