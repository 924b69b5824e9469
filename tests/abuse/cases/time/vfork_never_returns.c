// attack: sleeps in a child on its parent's stack, so that the parent cannot be woken
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <unistd.h>
int main(void) {
    if (vfork() == 0)
        for (;;) pause();
}
