// attack: prints one byte at a time, for ever
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// stdout: ^x+$
// after: worker and neighbours unharmed, container gone
#include <unistd.h>
int main(void) {
    for (;;) {
        write(1, "x", 1);
        usleep(50000);
    }
}
