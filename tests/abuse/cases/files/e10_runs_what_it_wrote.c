// attack: runs copies of itself from every folder it can write to: /work alone is for programs
// expect: ok
// stdout: ^/work 7\n/tmp 13\n/dev/shm 13$
// after: worker and neighbours unharmed, container gone
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **words) {
    (void)words;
    if (count > 1) return 7;
    const char *folders[] = {"/work", "/tmp", "/dev/shm"};
    for (int n = 0; n < 3; n++) {
        char path[32];
        snprintf(path, sizeof path, "%s/copy", folders[n]);
        int from = open("/proc/self/exe", O_RDONLY), to = open(path, O_WRONLY | O_CREAT, 0700), status;
        while (sendfile(to, from, NULL, 1 << 20) > 0) {
        }
        close(to);
        if (fork() == 0) {
            execl(path, "copy", "again", NULL);
            _exit(errno);
        }
        wait(&status);
        printf("%s %d\n", folders[n], WEXITSTATUS(status));
        fflush(stdout);
    }
}
