const net = require("net"); require("dns").lookup("example.com", e => console.log(e.code)); net.connect(80, "192.0.2.1").on("error", e => console.log(e.code));
