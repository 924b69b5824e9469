// attack: changes its users, groups and capabilities by every call there is
// expect: ok
// stdout: ^65534 65534 65534 65534 65534 65534$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};
    gid_t root = 0;
    if (setuid(0) == 0 || seteuid(0) == 0 || setreuid(0, 0) == 0 || setresuid(0, 0, 0) == 0) puts("user");
    if (setgid(0) == 0 || setegid(0) == 0 || setregid(0, 0) == 0 || setresgid(0, 0, 0) == 0) puts("group");
    if (setgroups(1, &root) == 0 || syscall(SYS_capset, &head, all) == 0 || chroot("/work") == 0) puts("more");
    setfsuid(0);
    setfsgid(0);
    uid_t user, effective, saved;
    gid_t group, egroup, sgroup;
    getresuid(&user, &effective, &saved);
    getresgid(&group, &egroup, &sgroup);
    printf("%d %d %d %d %d %d\n", user, effective, saved, group, egroup, sgroup);
}
