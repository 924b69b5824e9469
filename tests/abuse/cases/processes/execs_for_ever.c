// attack: starts itself again and again in its own place
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#include <unistd.h>
int main(int count, char **words) {
    (void)count;
    execv("/proc/self/exe", words);
    return 9;
}
