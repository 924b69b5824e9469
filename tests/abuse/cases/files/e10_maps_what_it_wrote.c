// attack: maps code from a file in /tmp, and makes such a mapping executable later
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    const char *paths[] = {"/tmp/code", "/dev/shm/code"};
    for (int n = 0; n < 2; n++) {
        int file = open(paths[n], O_RDWR | O_CREAT, 0700);
        write(file, "\xc3", 1);
        if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED) printf("mapped %s\n", paths[n]);
        void *later = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
        if (mprotect(later, 4096, PROT_READ | PROT_EXEC) == 0) printf("changed %s\n", paths[n]);
    }
    puts("held");
}
