// attack: runs a program from memory, where noexec does not reach: it gains nothing
// expect: ok
// stdout: ^65534 65534$
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char **words) {
    (void)words;
    if (count > 1) return printf("%d %d\n", getuid(), geteuid()) < 0;
    int from = open("/proc/self/exe", O_RDONLY), to = memfd_create("x", 0);
    while (sendfile(to, from, NULL, 1 << 20) > 0) {
    }
    fchmod(to, 06755);
    char path[32], *again[] = {"x", "again", NULL};
    snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    execv(path, again);
    return 1;
}
