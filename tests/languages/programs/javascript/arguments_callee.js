console.log(arguments.callee.toString().split("\n")[0], arguments[0] === exports, arguments[3], new Error("x").stack.split("\n").slice(0, 2).join());
