// attack: waits for a lock whose owner is dead
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// evidence: wall
// stdout: ^waits$
// after: worker and neighbours unharmed, container gone
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *dies(void *unused) {
    pthread_mutex_lock(&lock);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, dies, NULL);
    pthread_join(thread, NULL);
    puts("waits");
    fflush(stdout);
    pthread_mutex_lock(&lock);
}
