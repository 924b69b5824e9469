// attack: uses more than its own limit, but less than the compile stage had
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 33554432}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    char *much = malloc(200 << 20);
    memset(much, 1, 200 << 20);
    printf("%d\n", much[rand() & 0xffff]);
}
