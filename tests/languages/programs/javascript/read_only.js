require("fs").writeFileSync("/etc/new", "x");
