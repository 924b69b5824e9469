// attack: makes a system call through the 32-bit gate
// expect: runtime_error
// signal: SIGSYS
// stdout: ^ready$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
int main(void) {
    puts("ready");
    fflush(stdout);
    int answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(20) : "memory");
    printf("answered %d\n", answer);
}
