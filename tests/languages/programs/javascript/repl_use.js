require("repl").start({ prompt: "> ", terminal: false });
