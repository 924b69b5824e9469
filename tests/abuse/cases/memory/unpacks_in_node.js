// attack: unpacks a bomb of 1000:1
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 5, "wallSeconds": 20}
// after: worker and neighbours unharmed, container gone
const zlib = require('zlib');
let bomb = zlib.gzipSync(Buffer.alloc(64 << 20));
const kept = [];
for (;;) kept.push(zlib.gunzipSync(bomb));
