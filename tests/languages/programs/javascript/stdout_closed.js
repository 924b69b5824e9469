require("fs").closeSync(1); console.log("lost"); console.error("kept");
