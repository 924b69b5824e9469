// attack: allocates ten times its limit at once
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 8}
// evidence: memory
// after: worker and neighbours unharmed, container gone
Buffer.alloc(1280 * 2 ** 20, 1);
