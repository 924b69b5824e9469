// attack: raises its limits, and those of init
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
int main(void) {
    struct rlimit none = {0, 0}, all = {RLIM_INFINITY, RLIM_INFINITY};
    for (int what = 0; what < RLIM_NLIMITS; what++) {
        struct rlimit now;
        getrlimit(what, &now);
        if (now.rlim_max != RLIM_INFINITY && setrlimit(what, &all) == 0) printf("raised %d\n", what);
        if (prlimit(1, what, &none, NULL) == 0) printf("limited init %d\n", what);
    }
    for (int which = 0; which < 3; which++)
        if (setpriority(which, which == 2 ? 65534 : 1, 19) == 0) printf("reniced %d\n", which);
    puts("held");
}
