// attack: builds a library with the compiler of its image, and starts itself again with it in front
// expect: ok
// stdout: ^(preloaded|no compiler)$
// limits: {"cpuSeconds": 8, "wallSeconds": 30, "memoryBytes": 268435456}
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words) {
    (void)words;
    if (count > 1) return getuid() == 0 ? puts("preloaded") < 0 : puts("no compiler") < 0;
    FILE *source = fopen("/work/zero.c", "w");
    fputs("int getuid(void) { return 0; }", source);
    fclose(source);
    if (fork() == 0) execlp("gcc", "gcc", "-shared", "-fPIC", "-o", "/work/zero.so", "/work/zero.c", NULL);
    wait(NULL);
    setenv("LD_PRELOAD", "/work/zero.so", 1);
    freopen("/dev/null", "w", stderr); /* the loader may complain */
    execl("/proc/self/exe", "main", "again", NULL);
}
