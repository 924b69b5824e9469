// attack: leaves daemons that outlive it, that shrug off signals and write to its output and files
// expect: ok
// stdout: ^over$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    for (int n = 0; n < 10; n++) {
        if (fork() != 0) continue;
        setsid();
        if (fork() != 0) _exit(0);
        for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
        usleep(300000);
        for (;;) {
            write(1, "late", 4);
            close(open("/work/late", O_WRONLY | O_CREAT, 0666));
        }
    }
    puts("over");
}
