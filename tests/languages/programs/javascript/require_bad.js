require("fs").writeFileSync("bad.js", "let x = 1;\nlet x = 2;\n"); require("./bad");
