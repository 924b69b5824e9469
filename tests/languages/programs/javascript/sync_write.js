const fs = require("fs"); for (let i = 0; i < 3000; i++) fs.writeSync(1, "sync line " + i + "\n");
