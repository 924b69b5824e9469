// attack: asks for core dumps and dies with a large memory
// expect: runtime_error
// signal: SIGSEGV
// stdout: ^0 0 -1$
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
int main(void) {
    struct rlimit core, all = {RLIM_INFINITY, RLIM_INFINITY};
    getrlimit(RLIMIT_CORE, &core);
    printf("%ld %ld %d\n", (long)core.rlim_cur, (long)core.rlim_max, setrlimit(RLIMIT_CORE, &all));
    fflush(stdout);
    memset(malloc(64 << 20), 1, 64 << 20);
    *(volatile int *)0 = 1;
}
