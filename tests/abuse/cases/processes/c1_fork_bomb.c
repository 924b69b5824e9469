// attack: forks for ever, without its library
// expect: runtime_error | time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    for (;;) syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
