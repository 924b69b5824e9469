const fs = require("fs"); fs.writeFileSync("lib.js", "exports.x = 5; console.log(module.parent.filename, module.id, require.main === module, __filename)"); fs.writeFileSync("data.json", '{"a": 1}');
console.log(require("./lib"), require("./data"), module.children.length, Object.keys(require.cache)); delete require.cache[require.resolve("./lib")]; require("./lib.js");
