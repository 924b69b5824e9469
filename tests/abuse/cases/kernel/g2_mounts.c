// attack: mounts, unmounts, changes the root, and makes its own /work executable for others
// expect: ok
// stdout: ^held$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0) puts("mounted");
    if (mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND, NULL) == 0) puts("remounted");
    if (mount("/work", "/tmp", NULL, MS_BIND, NULL) == 0) puts("bound");
    if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0) puts("shared");
    if (umount2("/proc/kcore", MNT_DETACH) == 0 || umount2("/sys/fs/cgroup", MNT_DETACH) == 0) puts("unmasked");
    if (syscall(SYS_pivot_root, "/work", "/work") == 0 || chroot("/work") == 0) puts("changed root");
    long calls[] = {428, 429, 430, 431, 432, 433, 442}; /* open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr */
    for (int n = 0; n < 7; n++)
        if (syscall(calls[n], -100, "/work", 1, "", 4, 0) >= 0) printf("did %ld\n", calls[n]);
    puts("held");
}
