// attack: takes the orphans of the sandbox from init, and never waits for them
// expect: ok
// stdout: ^held at [0-9]{1,2}$
// limits: {"cpuSeconds": 1, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    int made = 0;
    for (int child; made < 5000 && (child = fork()) >= 0; made++)
        if (child == 0) {
            fork();
            _exit(0);
        }
    printf("held at %d\n", made);
}
