// attack: handles a storm of timer signals, its own death wishes among them
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
static void again(int number) { kill(getpid(), number == SIGALRM ? SIGTERM : SIGALRM); }
int main(void) {
    struct sigaction action = {.sa_handler = again, .sa_flags = SA_RESTART};
    for (int number = 1; number < 65; number++) sigaction(number, &action, NULL);
    struct itimerval often = {{0, 1}, {0, 1}};
    setitimer(ITIMER_REAL, &often, NULL);
    for (;;) {
    }
}
