// attack: goes through everything that prctl can change
// expect: ok
// stdout: ^1 2 3 4 15 16 21 23 36 38 39 $
// limits: {"cpuSeconds": 5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
int main(void) {
    for (int option = 1; option < 80; option++) {
        errno = 0;
        if (prctl(option, 0, 0, 0, 0) >= 0 || errno != EPERM) printf("%d ", option);
    }
    puts("");
}
