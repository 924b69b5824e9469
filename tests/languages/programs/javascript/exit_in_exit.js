process.on("exit", () => { console.log("x"); process.exit(4); }); process.exit(1);
