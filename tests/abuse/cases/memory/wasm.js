// attack: grows the memory of WebAssembly, outside the heap
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 4, "wallSeconds": 15}
// after: worker and neighbours unharmed, container gone
const kept = [];
for (;;) {
  const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536 });
  new Uint8Array(memory.buffer).fill(1);
  kept.push(memory);
}
