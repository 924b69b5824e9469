// attack: starts threads for ever
// expect: ok
// stdout: ^held at [0-9]{1,2}$
// after: worker and neighbours unharmed, container gone
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *sleeps(void *unused) {
    pause();
    return unused;
}
int main(void) {
    pthread_t thread;
    int made = 0;
    while (made < 5000 && pthread_create(&thread, NULL, sleeps, NULL) == 0) made++;
    printf("held at %d\n", made);
}
