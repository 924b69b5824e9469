// attack: doubles a string
// expect: runtime_error | memory_limit | time_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 15}
// after: worker and neighbours unharmed, container gone
let x = 'x';
const kept = [];
for (;;) { x = x + x; kept.push(Buffer.from(x)); }
