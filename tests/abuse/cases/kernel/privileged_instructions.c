// attack: runs the instructions that only a kernel may, each in a child
// expect: ok
// stdout: ^11 11 11 11 11 11 11 11 $
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static void run(int which) {
    static struct { unsigned short size; void *base; } __attribute__((packed)) table;
    switch (which) {
        case 0: __asm__ volatile("hlt"); break;
        case 1: __asm__ volatile("cli"); break;
        case 2: __asm__ volatile("inb $0x64, %%al" : : : "eax"); break;
        case 3: __asm__ volatile("outb %%al, $0x64" : : "a"(0xfe)); break;
        case 4: __asm__ volatile("rdmsr" : : "c"(0x10) : "eax", "edx"); break;
        case 5: __asm__ volatile("lidt %0" : : "m"(table)); break;
        case 6: __asm__ volatile("mov %%cr3, %%rax" : : : "rax"); break;
        case 7: __asm__ volatile("invd"); break;
    }
}
int main(void) {
    for (int which = 0; which < 8; which++) {
        int status, child = fork();
        if (child == 0) {
            run(which);
            _exit(0);
        }
        waitpid(child, &status, 0);
        printf("%d ", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    puts("");
}
