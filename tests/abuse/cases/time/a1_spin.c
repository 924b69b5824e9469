// attack: spins for ever, having printed something
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// stdout: ^before$
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
int main(void) {
    puts("before");
    fflush(stdout);
    for (volatile unsigned long n = 0;; n++) {
    }
}
