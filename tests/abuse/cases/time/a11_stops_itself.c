// attack: stops itself, and is woken by nobody
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
#include <signal.h>
int main(void) {
    for (;;) raise(SIGSTOP);
}
