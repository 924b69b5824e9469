console.log("loading", module.id); exports.v = 1; console.log(require("./main").v, require("./main.js") === module.exports);
