// attack: works between two ticks of the clock and sleeps over each, to hide its CPU time
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#include <time.h>
int main(void) {
    struct timespec a_little = {0, 1000}, now, start;
    for (;;) {
        nanosleep(&a_little, NULL);
        clock_gettime(CLOCK_MONOTONIC, &start);
        do clock_gettime(CLOCK_MONOTONIC, &now);
        while ((now.tv_sec - start.tv_sec) * 1000000000L + now.tv_nsec - start.tv_nsec < 700000);
    }
}
