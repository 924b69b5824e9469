import("fs").then(m => console.log(typeof m.readFileSync, Object.keys(m).length > 50)); require("fs").writeFileSync("m.mjs", "export const a = import.meta.url; export default function f() {}; console.log('evaluated')");
(async () => { const m = await import("./m.mjs"); console.log(m, m === await import("/work/m.mjs")); })();
