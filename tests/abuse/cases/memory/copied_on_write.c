// attack: shares its memory with its children, which then copy it by writing
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
    char *shared = malloc(30 << 20);
    memset(shared, 1, 30 << 20);
    for (int n = 0; n < 20; n++)
        if (fork() == 0) {
            memset(shared, n, 30 << 20);
            pause();
        }
    sleep(1);
}
