// attack: kills everything it may, init first, through numbers and descriptors
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    int init = (int)syscall(SYS_pidfd_open, 1, 0);
    for (int number = 1; number < 65; number++) {
        kill(1, number);
        syscall(SYS_tkill, 1, number);
        syscall(SYS_tgkill, 1, 1, number);
        syscall(SYS_pidfd_send_signal, init, number, 0, 0);
    }
    kill(-1, SIGKILL);
    return 3;
}
