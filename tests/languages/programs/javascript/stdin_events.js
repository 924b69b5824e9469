let text = ""; process.stdin.setEncoding("utf8");
process.stdin.on("data", c => text += c).on("end", () => console.log(text.split("\n").map(l => [...l].reverse().join(""))));
