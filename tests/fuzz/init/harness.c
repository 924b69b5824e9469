/* Init under a fuzzer: the real loop, frame reader and stages of init.c, in a world that is made up.
 *
 * init.c is compiled into this file. What it would do to the machine is replaced: the worker, the program, its pipes,
 * the clock, the kernel's counters and the end of the process are played from the input, and files go below a folder of
 * their own. Memory for frames comes from malloc, so that the sanitizers see every byte beyond its end.
 *
 * An input is: u8 length of the script, the script, then the worker's bytes. Whenever the made-up world has a choice it
 * takes the next byte of the script, which begins again at its end.
 *
 * Beside what the sanitizers find, these abort: a frame of init that breaks the protocol; output beyond its cap, or a
 * count that is not what was sent; a stage begun before the END of the last was taken; a descriptor closed twice, used
 * after that, or left open after a stage; a file name that could leave /work; a link followed or a FIFO opened; a wipe
 * that leaves anything else than what was kept; a file handed out that is not what it says; a sleep past a deadline or
 * for ever; a loop without end.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "world.h"

#define KEPT_ENTRIES_MAX 40u /* so that an input can have too many, and too much */
#define KEPT_BYTES_MAX (10u << 10)
#define main init_main
#define read(fd, to, most) world_read(fd, to, most)
#define write(fd, from, most) world_write(fd, from, most)
#define close(fd) world_close(fd)
#define poll(fds, count, ms) world_poll(fds, count, ms)
#define fork() world_fork(argv, env) /* in `start`, where the words are in scope */
#define kill(pid, sig) world_kill(pid, sig)
#define waitpid(pid, status, flags) world_waitpid(pid, status, flags)
#define wait4(pid, status, flags, used) (memset(used, 0, sizeof *(used)), world_waitpid(pid, status, flags))
#define pipe2(ends, flags) world_pipe2(ends)
#define fcntl(fd, what, value) world_fcntl(fd, what)
#define pread(fd, to, most, at) world_pread(fd, to, most)
#define clock_gettime(clock, t) world_clock(t)
#define mmap(at, bytes, protection, flags, fd, offset) world_mmap(bytes)
#define munmap(at, bytes) free(at)
#define sigprocmask(how, set, old) (void)(set)
#define getrusage(who, r) memset(r, 0, sizeof *(r))
#define opendir(path) ((void)(path), (DIR *)NULL)
#define open(path, ...) world_open(path)
#define mkdirat(folder, name, mode) world_mkdirat(folder, name, mode)
#define openat(folder, name, ...) world_openat(folder, name, __VA_ARGS__)
#define unlinkat(folder, name, flags) world_unlinkat(folder, name, flags)
#define symlinkat(target, folder, name) world_symlinkat(target, folder, name)
#define readlinkat(folder, name, to, most) world_readlinkat(folder, name, to, most)
#define renameat(folder, name, to, other) world_renameat(folder, name, to, other)
#define fchmodat(folder, name, mode, flags) world_fchmodat(folder, name, mode)
#define fchmod(fd, mode) world_fchmod(fd, mode)
#define stat(path, found) world_stat(path, found)
#define fstat(fd, found) world_fstat(fd, found)
#define fstatat(folder, name, found, flags) world_fstatat(folder, name, found, flags)
#define fstatvfs(fd, room) world_fstatvfs(fd, room)
#define ftruncate(fd, size) world_ftruncate(fd, size)
#define lseek(fd, at, from) world_lseek(fd, at, from)
#define fdopendir(fd) world_fdopendir(fd)
#define closedir(names) world_closedir(names)
#define madvise(at, bytes, what) (void)(at)
#define _exit(status) world_exit(status)
#include "../../../sandbox-images/init/init.c"
#undef main
#undef read
#undef write
#undef close
#undef poll
#undef fork
#undef kill
#undef waitpid
#undef wait4
#undef pipe2
#undef fcntl
#undef pread
#undef clock_gettime
#undef mmap
#undef munmap
#undef sigprocmask
#undef getrusage
#undef opendir
#undef open
#undef mkdirat
#undef openat
#undef unlinkat
#undef symlinkat
#undef readlinkat
#undef renameat
#undef fchmodat
#undef fchmod
#undef stat
#undef fstat
#undef fstatat
#undef fstatvfs
#undef ftruncate
#undef lseek
#undef fdopendir
#undef closedir
#undef madvise
#undef _exit

/* ---- what must always be true of init itself ---- */

void world_check_kept(void) {
    CHECK(kept.used <= kept.room && kept.entries <= KEPT_ENTRIES_MAX + 1, "more is kept than there is room for");
}

bool world_has_temp(void) { return tops[1].there; }

static void check_init(void) {
    CHECK(outbox.start <= outbox.end && outbox.end <= sizeof outbox.bytes, "the outbox overflows");
    CHECK(inbox.have <= HEADER_BYTES || inbox.have - HEADER_BYTES <= inbox.size, "more was read than the frame holds");
    world_check_kept();
}

void world_check_sleep(int ms) {
    check_init();
    if (!stage.running || stage.ending) return;
    uint64_t wall_us = stage.begin_us + stage.wall_limit_us;
    uint64_t due_us = wall_us < stage.cpu_check_us ? wall_us : stage.cpu_check_us;
    CHECK(ms >= 0, "a stage runs and init sleeps without end");
    CHECK(world_now_us() + (uint64_t)ms * 1000 <= due_us + 2000 + 1000, "init sleeps past a deadline");
}

void world_check_room(const unsigned char *to, size_t most) {
    CHECK(to >= outbox.bytes && to + most <= outbox.bytes + sizeof outbox.bytes, "output is read beyond the outbox");
}

bool world_in_stage(void) { return stage.running; }
const uint32_t *world_stage_caps(void) { return stage.cap; }
size_t world_stage_bytes(void) { return stage.payload_bytes; }
int world_output_of(int fd) { return fd == program.out[0] ? 0 : fd == program.out[1] ? 1 : -1; }
bool world_is_gate_answer(int fd) { return fd == program.ready; }
unsigned world_frame(const unsigned char **payload, size_t *size) { /* that is being handled; 0: none */
    *payload = inbox.payload;
    *size = inbox.size;
    return inbox.have >= HEADER_BYTES && inbox.have == HEADER_BYTES + inbox.size ? inbox.type : 0;
}
unsigned world_program_fds(void) {
    return (program.in >= 0) + (program.out[0] >= 0) + (program.out[1] >= 0) + (program.gate >= 0) + (program.ready >= 0);
}

/* ---- one input ---- */

static void forget(void) {
    if (inbox.payload != MAP_FAILED) free(inbox.payload);
    if (stage.payload != inbox.payload) free(stage.payload);
    free(kept.table);
    memset(&kept, 0, sizeof kept);
    memset(&inbox, 0, sizeof inbox);
    memset(&stage, 0, sizeof stage);
    outbox.start = outbox.end = 0;
    program.pid = 0;
    program.in = program.out[0] = program.out[1] = program.gate = program.ready = -1;
    program.waiting = false;
}

static void set_up(void) {
    static char *words[] = {"init", "WARM=1", "--", "run", "main", NULL};
    unsigned kind = world_choice();
    signals = WORLD_SIGNALS;
    cpus = 1 + (int)(kind >> 6);
    memset(warm_argv, 0, sizeof warm_argv);
    memset(warm_env, 0, sizeof warm_env);
    for (int i = 0; i < 3; i++) { /* read_arguments makes them anew */
        free(base_env[i]);
        base_env[i] = NULL;
    }
    read_arguments(kind & 1 ? 5 : 1, words);
    cgroup.version = (int)(kind >> 1 & 3) % 3;
    int there = cgroup.version ? WORLD_COUNTER : -1;
    cgroup.cpu = cgroup.usage = cgroup.oom = cgroup.pids = cgroup.stat = there;
    cgroup.peak = kind & 8 ? there : -1;
    cgroup.limit = kind & 16 ? there : -1; /* if there, it leaves no room */
    for (int i = 0; i < TOPS; i++) tops[i].mode = i == WORK ? 0700 : 01777;
    tops[0].there = true;
    tops[1].there = !(kind & 32); /* the third never */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!world_begin(data, size)) return 0;
    set_up();
    if (setjmp(world_over) == 0) {
        start_warm();
        send_ready();
        loop();
    }
    check_init();
    forget();
    world_end();
    return 0;
}
