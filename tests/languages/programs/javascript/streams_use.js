const { pipeline, Readable, Transform } = require("stream"); const zlib = require("zlib");
pipeline(Readable.from(["a", "b", "c"]), new Transform({ transform(c, _, f) { f(null, c.toString().toUpperCase()); } }), zlib.createGzip(), zlib.createGunzip(), async function* (s) { for await (const c of s) console.log(c.toString()); }, e => console.log("done", e));
