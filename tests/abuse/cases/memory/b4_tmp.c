// attack: fills /tmp, /work and /dev/shm
// expect: ok
// stdout: ^28 28 28$
// limits: {"memoryBytes": 536870912}
// after: worker and neighbours unharmed, container gone
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
static int fill(const char *path) {
    static char block[1 << 20];
    int file = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(file, block, sizeof block) > 0) {
    }
    return errno;
}
int main(void) {
    int tmp = fill("/tmp/x"), work = fill("/work/x"), shm = fill("/dev/shm/x");
    printf("%d %d %d\n", tmp, work, shm);
}
