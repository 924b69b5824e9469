// attack: faults, and returns from the handler to the fault
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#include <signal.h>
static void nothing(int number) { (void)number; }
int main(void) {
    signal(SIGSEGV, nothing);
    *(volatile int *)8 = 1;
}
