// attack: starts a program from a thread that is not the first, having closed what it could
// expect: runtime_error
// exit: 7
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>
static void *execs(void *words) {
    close_range(0, ~0u, 0);
    execv("/proc/self/exe", words);
    return NULL;
}
int main(int count, char **words) {
    (void)words;
    if (count > 1) return 7;
    char *again[] = {"main", "again", NULL};
    pthread_t thread;
    pthread_create(&thread, NULL, execs, again);
    for (;;) pause();
}
