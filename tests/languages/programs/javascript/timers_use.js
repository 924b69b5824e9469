const t = require("timers/promises"); (async () => { console.log(await t.setTimeout(2, "v")); let n = 0; for await (const _ of t.setInterval(1)) if (++n === 3) break; console.log(n); })();
const i = setInterval(() => {}, 1000); i.unref(); console.log(i.hasRef());
