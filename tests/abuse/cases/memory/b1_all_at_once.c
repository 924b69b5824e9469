// attack: allocates ten times its limit at once
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    char *all = malloc(640u << 20);
    memset(all, 1, 640u << 20);
    printf("%d\n", all[rand()]);
}
