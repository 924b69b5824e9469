// attack: has 1 GiB of zeros and touches them
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <string.h>
static char zeros[1 << 30];
int main(void) {
    memset(zeros, 1, sizeof zeros);
    return zeros[12345];
}
