// attack: leaves shared memory, anonymous files and sockets for the next case
// expect: accepted
// tests: [{"expected": "0"}, {"expected": "0"}]
// cases: accepted accepted
// after: the next case finds a sandbox like the first one's
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
int main(void) {
    int found = shm_open("/left", O_RDONLY, 0) >= 0;
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0left"};
    int client = socket(AF_UNIX, SOCK_STREAM, 0), server = socket(AF_UNIX, SOCK_STREAM, 0);
    found += connect(client, (void *)&name, sizeof name) == 0;
    printf("%d\n", found);
    fflush(stdout);
    int shared = shm_open("/left", O_RDWR | O_CREAT, 0666);
    ftruncate(shared, 1 << 20);
    memset(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0), 1, 1 << 20);
    bind(server, (void *)&name, sizeof name);
    listen(server, 8);
    memfd_create("left", 0);
    if (fork() == 0)
        for (;;) pause();
}
