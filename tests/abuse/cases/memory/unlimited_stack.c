// attack: asks for an unlimited stack, starts itself again and recurses
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
static int down(volatile char *above) {
    volatile char frame[65536];
    memset((char *)frame, 1, sizeof frame);
    return down(frame) + above[0];
}
int main(int count, char **words) {
    struct rlimit without = {RLIM_INFINITY, RLIM_INFINITY};
    if (count == 1 && setrlimit(RLIMIT_STACK, &without) == 0) execl("/proc/self/exe", words[0], "again", NULL);
    return down((char *)words);
}
