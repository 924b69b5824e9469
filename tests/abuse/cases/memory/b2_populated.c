// attack: has the kernel fill its mappings, and lock them
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
int main(void) {
    for (;;) mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}
