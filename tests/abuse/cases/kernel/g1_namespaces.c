// attack: makes new namespaces, and enters those of init
// expect: ok
// stdout: ^held$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    long flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP, 0x80};
    for (unsigned n = 0; n < sizeof flags / sizeof *flags; n++) {
        if (unshare((int)flags[n]) == 0 || unshare((int)flags[n] | CLONE_NEWUSER) == 0) printf("unshared %lx\n", flags[n]);
        if (n < 7 && syscall(SYS_clone, flags[n] | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) >= 0) printf("cloned %lx\n", flags[n]);
    }
    struct clone_args all = {.flags = CLONE_NEWUSER | CLONE_NEWNS, .exit_signal = SIGCHLD};
    if (syscall(SYS_clone3, &all, sizeof all) >= 0 || errno != ENOSYS) puts("clone3");
    const char *names[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"};
    for (int n = 0; n < 8; n++) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[n]);
        if (setns(open(path, O_RDONLY), 0) == 0) printf("entered %s\n", path);
        snprintf(path, sizeof path, "/proc/1/ns/%s", names[n]);
        if (open(path, O_RDONLY) >= 0) printf("opened %s\n", path);
    }
    if (setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS) == 0) puts("entered init's");
    puts("held");
}
