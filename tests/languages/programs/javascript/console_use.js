console.log("%s %d %i %j %o %%", "a", 1.5, 1.5, { a: 1 }, [1]); console.error("err"); console.warn("warn"); console.info("info"); console.debug("debug");
console.table([{ a: 1, b: 2 }]); console.group("g"); console.log("in\nside"); console.groupEnd(); console.count(); console.count(); console.assert(1 === 2, "no"); console.dir({ a: { b: { c: {} } } }, { depth: 0 });
console.log(Object.keys(console).join());
