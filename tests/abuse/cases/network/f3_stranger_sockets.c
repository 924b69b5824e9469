// attack: opens sockets of every family, kind and protocol there is
// expect: ok
// stdout_repr: '1: 1 2 3 5 \n2: 1 2 \n10: 1 2 \n'
// after: worker and neighbours unharmed, container gone
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    for (int family = 0; family < 64; family++) {
        int any = 0;
        for (int kind = 1; kind < 11; kind++) {
            int open = 0;
            for (int protocol = 0; protocol < 300; protocol++) {
                int made = socket(family, kind, protocol);
                if (made < 0 && errno == EPERM) continue;
                if (made < 0 && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT || errno == EAFNOSUPPORT)) continue;
                open = 1;
                close(made);
            }
            if (open && !any++) printf("%d: ", family);
            if (open) printf("%d ", kind);
        }
        if (any) puts("");
    }
}
