// attack: closes every stream, then hangs
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// stdout: ^before$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
fs.writeSync(1, 'before');
for (const number of [0, 1, 2]) fs.closeSync(number);
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
