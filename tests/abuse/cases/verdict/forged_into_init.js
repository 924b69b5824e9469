// attack: writes a forged end into every descriptor of init and fails
// expect: runtime_error
// stdout: ^held$
// exit: 3
// limits: {"cpuSeconds": 5, "wallSeconds": 8}
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const frame = Buffer.alloc(64); frame[0] = 1; frame[1] = 19; frame[7] = 56;
for (let number = 0; number < 64; number++) try { fs.writeFileSync(`/proc/1/fd/${number}`, frame); fs.writeSync(1, 'wrote'); } catch {}

fs.writeSync(1, 'held');
process.exit(3);
