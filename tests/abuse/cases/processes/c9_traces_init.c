// attack: traces init and takes its descriptors
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
int main(void) {
    char bytes[64];
    struct iovec own = {bytes, 64}, other = {(void *)0x400000, 64};
    int init = (int)syscall(SYS_pidfd_open, 1, 0);
    if (ptrace(PTRACE_SEIZE, 1, 0, 0) == 0 || ptrace(PTRACE_ATTACH, 1, 0, 0) == 0) puts("traced");
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) == 0) puts("is traced");
    if (process_vm_readv(1, &own, 1, &other, 1, 0) > 0) puts("read");
    if (process_vm_writev(1, &own, 1, &other, 1, 0) > 0) puts("wrote");
    for (int number = 0; number < 64; number++)
        if (syscall(SYS_pidfd_getfd, init, number, 0) >= 0) printf("took %d\n", number);
    puts("held");
}
