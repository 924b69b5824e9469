// attack: reads its own credentials
// expect: ok
// stdout: ^1 2 0 65534$
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(void) {
    int bounding = 0;
    for (int cap = 0; cap < 64; cap++) bounding += prctl(PR_CAPBSET_READ, cap) == 1;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    int filter = -1, privileges = -1;
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "Seccomp: %d", &filter);
        sscanf(line, "NoNewPrivs: %d", &privileges);
    }
    printf("%d %d %d %d\n", privileges, filter, bounding, geteuid());
}
