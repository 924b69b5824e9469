// attack: grows by one MiB at a time
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 8}
// evidence: memory
// after: worker and neighbours unharmed, container gone
const kept = [];
while (1) kept.push(Buffer.alloc(2 ** 20, 1));
