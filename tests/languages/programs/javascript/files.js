const fs = require("fs"), path = require("path"); fs.mkdirSync("a/b", { recursive: true }); fs.writeFileSync("a/b/c.txt", "hi"); fs.appendFileSync("a/b/c.txt", "!");
console.log(fs.readdirSync("."), fs.readFileSync("a/b/c.txt", "utf8"), fs.statSync("a").isDirectory(), path.resolve("x"), fs.existsSync("nope")); fs.rmSync("a", { recursive: true });
fs.promises.readFile("nope").catch(e => console.log(e.code, e.message));
