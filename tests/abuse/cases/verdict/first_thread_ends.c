// attack: ends its first thread, and goes on in another
// expect: runtime_error
// exit: 5
// stdout: ^went on$
// after: worker and neighbours unharmed, container gone
#include <pthread.h>
#include <unistd.h>
static void *goes_on(void *unused) {
    usleep(300000);
    write(1, "went on", 7);
    _exit(5);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, goes_on, NULL);
    pthread_exit(NULL);
}
