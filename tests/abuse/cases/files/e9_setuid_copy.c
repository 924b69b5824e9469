// attack: runs a setuid copy of itself from the one folder where programs run
// expect: ok
// stdout: ^65534 65534$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int count, char **words) {
    (void)words;
    if (count > 1) return printf("%d %d\n", geteuid(), getegid()) < 0;
    int from = open("/proc/self/exe", O_RDONLY), to = open("/work/copy", O_WRONLY | O_CREAT, 0600);
    while (sendfile(to, from, NULL, 1 << 20) > 0) {
    }
    fchmod(to, 06755);
    close(to);
    execl("/work/copy", "copy", "again", NULL);
    return 1;
}
