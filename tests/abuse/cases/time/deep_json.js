// attack: parses and writes JSON nested without end
// expect: runtime_error | memory_limit | time_limit
// limits: {"cpuSeconds": 1, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
let x = [];
for (let i = 0; i < 1e6; i++) x = [x];
JSON.stringify(x);
