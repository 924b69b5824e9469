// attack: fills the stacks of its threads
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <alloca.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
static void *fill(void *unused) {
    char *frame = alloca(7 << 20);
    memset(frame, 1, 7 << 20);
    __asm__ volatile("" : : "r"(frame) : "memory");
    pause();
    return unused;
}
int main(void) {
    pthread_t thread;
    for (int n = 0; n < 40; n++) pthread_create(&thread, NULL, fill, NULL);
    pause();
}
