// attack: starts more processes than it asked for, but fewer than the compile stage had
// expect: ok
// stdout: ^3$
// limits: {"processes": 4}
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <unistd.h>
int main(void) {
    int made = 0;
    for (int n = 0; n < 20; n++) {
        int child = fork();
        if (child == 0) pause();
        made += child > 0;
    }
    printf("%d\n", made);
}
