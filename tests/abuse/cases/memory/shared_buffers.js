// attack: allocates buffers outside the heap
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 4, "wallSeconds": 15}
// after: worker and neighbours unharmed, container gone
const kept = [];
for (;;) kept.push(new Uint8Array(new SharedArrayBuffer(2 ** 24)).fill(1));
