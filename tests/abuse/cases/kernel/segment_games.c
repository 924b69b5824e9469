// attack: moves its thread pointer to nowhere and goes on
// expect: runtime_error
// signal: SIGSEGV
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    syscall(SYS_arch_prctl, 0x1002, 0xdead0000L); /* ARCH_SET_FS */
    printf("%d\n", 1);
}
