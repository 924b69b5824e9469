// attack: writes where nobody should
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
int main(void) {
    const char *paths[] = {"/x", "/etc/passwd", "/etc/ld.so.preload", "/usr/lib/x", "/usr/include/stdio.h", "/sandfleet/init", "/dev/x", "/var/x", "/run/x", "/root/x", "/proc/x", "/sys/x"};
    for (unsigned n = 0; n < sizeof paths / sizeof *paths; n++)
        if (open(paths[n], O_WRONLY | O_CREAT | O_APPEND, 0666) >= 0) printf("opened %s\n", paths[n]);
    puts("held");
}
