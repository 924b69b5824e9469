// attack: makes the calls that a kernel bug is most often behind
// expect: ok
// stdout: ^held$
// machine: x86_64
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static char page[4096];
static void refused(const char *name, long number, long a, long b, long c, long d) {
    errno = 0;
    long got = syscall(number, a, b, c, d, 0, 0);
    if (got >= 0 || (errno != EPERM && errno != ENOSYS)) printf("%s %ld %d\n", name, got, errno);
}
int main(void) {
    long area = (long)page;
    refused("io_uring_setup", 425, 8, area, 0, 0);
    refused("io_uring_enter", 426, 0, 1, 0, 0);
    refused("io_uring_register", 427, 0, 0, area, 1);
    refused("userfaultfd", SYS_userfaultfd, 1, 0, 0, 0);
    refused("bpf", SYS_bpf, 0, area, 128, 0);
    refused("perf_event_open", SYS_perf_event_open, area, 0, -1, -1);
    refused("add_key", SYS_add_key, (long)"user", (long)"x", area, 4);
    refused("request_key", SYS_request_key, (long)"user", (long)"x", 0, -3);
    refused("keyctl", SYS_keyctl, 0, -3, 1, 0);
    refused("keyctl join", SYS_keyctl, 1, 0, 0, 0);
    refused("seccomp", SYS_seccomp, 1, 0, area, 0);
    refused("init_module", SYS_init_module, area, 8, area, 0);
    refused("kexec_load", SYS_kexec_load, 0, 0, 0, 0);
    refused("reboot", SYS_reboot, 0xfee1dead, 672274793, 0x1234567, 0);
    refused("iopl", SYS_iopl, 3, 0, 0, 0);
    refused("ioperm", SYS_ioperm, 0, 1, 1, 0);
    refused("modify_ldt", SYS_modify_ldt, 1, area, 16, 0);
    refused("personality", SYS_personality, 0x0040000, 0, 0, 0);
    refused("open_by_handle_at", SYS_open_by_handle_at, 3, area, 0, 0);
    refused("name_to_handle_at", SYS_name_to_handle_at, -100, (long)"/", area, area);
    refused("swapon", SYS_swapon, area, 0, 0, 0);
    refused("acct", SYS_acct, area, 0, 0, 0);
    refused("syslog", SYS_syslog, 3, area, 8, 0);
    refused("sethostname", SYS_sethostname, area, 1, 0, 0);
    refused("clock_settime", SYS_clock_settime, 0, area, 0, 0);
    refused("adjtimex", SYS_adjtimex, area, 0, 0, 0);
    refused("migrate_pages", SYS_migrate_pages, 1, 0, 0, 0);
    refused("move_pages", SYS_move_pages, 1, 0, 0, 0);
    refused("shmget", SYS_shmget, 1, 4096, 01666, 0);
    refused("msgget", SYS_msgget, 1, 01666, 0, 0);
    refused("semget", SYS_semget, 1, 1, 01666, 0);
    refused("mq_open", SYS_mq_open, (long)"x", 0102, 0666, 0);
    refused("inotify_init", SYS_inotify_init1, 0, 0, 0, 0);
    refused("fanotify_init", SYS_fanotify_init, 0, 0, 0, 0);
    refused("vmsplice", SYS_vmsplice, 1, area, 1, 0);
    refused("landlock", 444, 0, 0, 1, 0);
    refused("memfd_secret", 447, 0, 0, 0, 0);
    puts("held");
}
