// attack: writes 1 GiB into anonymous files
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    static char block[1 << 20];
    for (int n = 0; n < 1024; n++) write(memfd_create("x", 0), block, sizeof block);
}
