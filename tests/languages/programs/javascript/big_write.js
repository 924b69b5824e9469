require("fs").writeSync(1, "y".repeat(60000)); process.stdout.write("z".repeat(190000), () => console.error("written"));
