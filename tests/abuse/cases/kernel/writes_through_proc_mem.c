// attack: changes its own code, and its read-only data, through /proc/self/mem: the files stay as they are
// expect: ok
// stdout: ^42 7 7$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline, noclone)) static int answer(void) { __asm__ volatile(""); return 7; }
int main(int count, char **words) {
    (void)words;
    volatile int (*ask)(void) = (volatile int (*)(void))answer;
    if (count > 1) return ask();
    unsigned char code[16];
    memcpy(code, (void *)ask, sizeof code);
    unsigned char *seven = memchr(code, 7, sizeof code);
    int memory = open("/proc/self/mem", O_RDWR);
    lseek(memory, (long)ask + (seven - code), SEEK_SET);
    write(memory, "\x2a", 1);
    int status, found = ask();
    if (fork() == 0) execl("/proc/self/exe", "main", "again", NULL);
    wait(&status);
    if (fork() == 0) execl("/work/main", "main", "again", NULL);
    int another;
    wait(&another);
    printf("%d %d %d\n", found, WEXITSTATUS(status), WEXITSTATUS(another));
}
