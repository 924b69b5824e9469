// attack: makes a system call of the x32 ABI
// expect: runtime_error
// signal: SIGSYS
// stdout: ^ready$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <unistd.h>
int main(void) {
    puts("ready");
    fflush(stdout);
    printf("answered %ld\n", syscall(0x40000000 + 39));
}
