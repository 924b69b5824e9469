// attack: makes folders, pipes, sockets, links and names until there is room for no more
// expect: ok
// stdout: ^bounded$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
int main(void) {
    chdir("/tmp");
    int made = 0;
    for (int n = 0, failed = 0; failed < 100; n++) {
        char name[64], link_name[64];
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        snprintf(name, sizeof name, "%d", n);
        snprintf(link_name, sizeof link_name, "%dl", n);
        snprintf(address.sun_path, sizeof address.sun_path, "%ds", n);
        int got = n % 3 == 0 ? mkdir(name, 0) : n % 3 == 1 ? mkfifo(name, 0) : symlink("/proc/1/root/../../..", name);
        int bound = socket(AF_UNIX, SOCK_STREAM, 0);
        if (bind(bound, (void *)&address, sizeof address) == 0) link(address.sun_path, link_name);
        close(bound);
        failed = got < 0 ? failed + 1 : 0;
        made += got == 0;
    }
    puts(made <= 4096 ? "bounded" : "unbounded");
}
