// attack: starts itself again in a child on its own stack, for ever
// expect: runtime_error | time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <unistd.h>
int main(int count, char **words) {
    (void)count;
    for (;;)
        if (vfork() == 0) {
            execv("/proc/self/exe", words);
            _exit(1);
        }
}
