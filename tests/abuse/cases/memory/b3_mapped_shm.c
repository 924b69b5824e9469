// attack: writes into a mapping of /dev/shm for which there is no room
// expect: runtime_error | memory_limit
// signal: SIGBUS
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
    int file = open("/dev/shm/x", O_RDWR | O_CREAT, 0600);
    ftruncate(file, 512 << 20);
    memset(mmap(NULL, 512 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), 1, 512 << 20);
}
