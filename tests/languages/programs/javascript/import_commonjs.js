require("fs").writeFileSync("c.cjs", "exports.named = 1; exports.default = 2"); import("./c.cjs").then(m => console.log(m.named, m.default));
