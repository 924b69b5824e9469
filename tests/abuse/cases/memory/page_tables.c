// attack: reads one page in every two MiB of a huge mapping: tables, no data
// expect: memory_limit
// limits: {"cpuSeconds": 10, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
int main(void) {
    size_t size = (size_t)1 << 40;
    volatile char *area = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    madvise((void *)area, size, MADV_NOHUGEPAGE);
    for (size_t place = 0; place < size; place += 2 << 20) (void)area[place];
}
