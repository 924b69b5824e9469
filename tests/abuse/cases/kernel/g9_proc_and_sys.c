// attack: reads and writes the dangerous files of /proc and /sys
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    const char *written[] = {"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/ns_last_pid", "/proc/self/uid_map", "/proc/1/oom_score_adj", "/proc/1/coredump_filter", "/sys/kernel/uevent_helper", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/memory.max"};
    for (unsigned n = 0; n < sizeof written / sizeof *written; n++) {
        int file = open(written[n], O_WRONLY);
        if (file >= 0 && write(file, "1", 1) > 0) printf("wrote %s\n", written[n]);
    }
    const char *read_files[] = {"/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/keys", "/proc/1/mem", "/proc/1/environ", "/proc/1/auxv", "/proc/1/maps", "/proc/1/stack", "/proc/1/syscall", "/proc/1/io", "/dev/mem", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"};
    for (unsigned n = 0; n < sizeof read_files / sizeof *read_files; n++) {
        char byte;
        int file = open(read_files[n], O_RDONLY);
        if (file >= 0 && read(file, &byte, 1) > 0) printf("read %s\n", read_files[n]);
    }
    puts("held");
}
