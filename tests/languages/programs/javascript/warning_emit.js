process.emitWarning("be careful", "CustomWarning", "W001"); process.on("warning", w => console.log(w.name)); new Buffer(1);
