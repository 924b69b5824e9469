// attack: maps everything there is to map, without touching it
// expect: ok
// stdout: ^bounded$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mman.h>
int main(void) {
    for (size_t size = (size_t)1 << 46; size > 4096; size /= 2)
        while (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED) {
        }
    fputs("bounded\n", stdout);
}
