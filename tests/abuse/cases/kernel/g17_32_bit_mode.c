// attack: leaves for 32-bit code by a far return and makes a system call there
// expect: runtime_error
// stdout: ^ready$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
int main(void) {
    static const unsigned char code[] = {0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x0f, 0x05, 0x0f, 0x34, 0xeb, 0xfe};
    char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    memcpy(low, code, sizeof code);
    puts("ready");
    fflush(stdout);
    __asm__ volatile("lea 4096(%0), %%rsp; pushq $0x23; pushq %0; lretq" : : "r"(low) : "memory");
}
