// attack: spins in forty threads
// expect: time_limit
// limits: {"cpuSeconds": 1, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#include <pthread.h>
static void *spin(void *unused) {
    for (volatile unsigned long n = 0;; n++) {
    }
    return unused;
}
int main(void) {
    pthread_t thread;
    for (int n = 0; n < 40; n++) pthread_create(&thread, NULL, spin, NULL);
    spin(NULL);
}
