// attack: writes into its own executable and init's while they run (CVE-2019-5736)
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
int main(void) {
    const char *paths[] = {"/proc/self/exe", "/proc/1/exe", "/sandfleet/init", "/work/main", "/proc/self/map_files"};
    for (int n = 0; n < 5; n++)
        if (open(paths[n], O_WRONLY) >= 0 || open(paths[n], O_RDWR | O_TRUNC) >= 0) printf("opened %s\n", paths[n]);
    puts("held");
}
