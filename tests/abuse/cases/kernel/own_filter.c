// attack: installs filters of its own, the strict mode and a dispatcher of system calls
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &allow};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) puts("filter");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0) puts("listener");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0) == 0) puts("strict");
    if (prctl(59, 1, 0, 0, 0) == 0) puts("dispatcher");
    puts("held");
}
