/* The made-up world around init: worker, program, pipes, clock, counters. See harness.c.
 *
 * A script of zeros is a world where all goes well and the program ends at once.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "sink.h"
#include "world.h"

#define PIPES_MAX 64
#define CALLS_MAX 200000
#define POLLS_MAX 400        /* from then on the world is done: the worker leaves, all is read */
#define OUTPUT_MAX (300u << 10) /* of a program, for each stream */
#define MAIN_PID 100
#define ORPHAN_PID 200

jmp_buf world_over;

extern void *__asan_region_is_poisoned(void *from, size_t bytes);

static struct {
    const uint8_t *script; size_t script_bytes, script_at;
    const uint8_t *bytes; size_t size, at; /* of the worker */
    uint64_t now_us, cpu_us, calls, polls;
    bool open[PIPES_MAX], sigchld, was_running, interrupted;
    struct { bool alive, zombie, killed; int status; } program;
    unsigned orphans, dead_orphans, produced[2];
    int exec_error;
} world;

void world_abort(const char *words) {
    fprintf(stderr, "world: %s\n", words);
    abort();
}

unsigned world_choice(void) {
    CHECK(++world.calls < CALLS_MAX, "a loop without end");
    if (world.script_bytes == 0) return 0;
    size_t at = world.script_at++; /* a byte further each time round, or a loop may be in step with it for ever */
    return world.script[(at + at / world.script_bytes) % world.script_bytes];
}

static bool odd(unsigned one_in) { return world_choice() % one_in == one_in - 1; }
static bool interrupted(unsigned one_in) { /* never for ever */
    world.interrupted = !world.interrupted && odd(one_in);
    return world.interrupted;
}
bool world_refuses(void) { return odd(251); }
size_t world_read_so_far(void) { return world.at; }
static bool done(void) { return world.polls > POLLS_MAX; }
static void usable(const void *at, size_t bytes) { /* of a large region both ends, which is where it goes wrong */
    size_t part = bytes < 4096 ? bytes : 4096;
    char *from = (char *)(uintptr_t)at;
    bool owned = bytes == 0 || (!__asan_region_is_poisoned(from, part) && !__asan_region_is_poisoned(from + bytes - part, part));
    CHECK(owned, "the kernel is given memory that is not init's");
}

bool world_begin(const uint8_t *data, size_t size) {
    if (size < 1) return false;
    size_t script = data[0] < size - 1 ? data[0] : size - 1;
    memset(&world, 0, sizeof world);
    world.now_us = 1000000;
    world.script = data + 1;
    world.script_bytes = script;
    world.bytes = data + 1 + script;
    world.size = size - 1 - script;
    sink_begin();
    return true;
}

void world_end(void) { files_end(); }
uint64_t world_now_us(void) { return world.now_us; }
void world_exit(int status) {
    CHECK(status == 0 || status == 1, "an odd exit status");
    longjmp(world_over, 1);
}

/* Init calls this just after a stage began and while one runs: the first time is noted. */
static void note_stage(void) {
    bool runs = world_in_stage();
    if (runs && !world.was_running) {
        sink_stage(world_stage_caps());
        world.produced[0] = world.produced[1] = 0;
    }
    world.was_running = runs;
}

/* ---- time and memory ---- */

int world_clock(struct timespec *t) {
    note_stage();
    world.now_us += 1 + world_choice() % 3;
    t->tv_sec = (time_t)(world.now_us / 1000000);
    t->tv_nsec = (long)(world.now_us % 1000000 * 1000);
    return 0;
}

void *world_mmap(size_t bytes) {
    void *found = odd(64) ? NULL : malloc(bytes);
    return found ? found : MAP_FAILED;
}

ssize_t world_pread(int fd, void *to, size_t most) {
    CHECK(fd == WORLD_COUNTER, "pread of what is no counter");
    usable(to, most);
    static const char *const shapes[] = {"%llu\n", "usage_usec %llu\noom_kill 1\nmax 2\n", "oom_kill_disable 0\nusage_usec %llu", "%llu"};
    world.cpu_us += (uint64_t)(world_choice() % 16) * 1000;
    if (odd(32)) return -1;
    int n = snprintf(to, most, shapes[world_choice() % 4], (unsigned long long)world.cpu_us);
    return n < (int)most ? n : (ssize_t)most;
}

/* ---- descriptors ---- */

static bool is_pipe(int fd) { return fd >= WORLD_FIRST_FD && fd < WORLD_FIRST_FD + PIPES_MAX; }
static bool is_open(int fd) { return is_pipe(fd) && world.open[fd - WORLD_FIRST_FD]; }
static int new_pipe_end(void) {
    for (int i = 0; i < PIPES_MAX; i++)
        if (!world.open[i]) {
            world.open[i] = true;
            return WORLD_FIRST_FD + i;
        }
    world_abort("descriptors leak");
}

int world_pipe2(int ends[2]) {
    if (odd(64)) {
        errno = EMFILE;
        return -1;
    }
    ends[0] = new_pipe_end();
    ends[1] = new_pipe_end();
    return 0;
}

int world_fcntl(int fd, int what) {
    CHECK(is_open(fd), "fcntl of a closed descriptor");
    if (what == F_SETFL) return 0;
    CHECK(what == F_DUPFD_CLOEXEC, "an unknown fcntl");
    if (odd(64)) {
        errno = EMFILE;
        return -1;
    }
    return new_pipe_end();
}

int world_close(int fd) {
    if (!is_pipe(fd)) return files_close(fd);
    CHECK(is_open(fd), "a descriptor is closed twice");
    world.open[fd - WORLD_FIRST_FD] = false;
    return 0;
}

/* ---- processes ---- */

static void dies(int status) {
    if (!world.program.alive) return;
    world.program.alive = false;
    world.program.zombie = world.sigchld = true;
    world.program.status = status;
}

pid_t world_fork(char **argv, char **env) {
    CHECK(!world.program.alive && !world.program.zombie, "a second program beside the first");
    CHECK(argv[0], "a program without a name");
    if (world_in_stage()) {
        sink_words(argv, env, world.bytes, world.at);
        if (odd(4)) files_havoc(); /* the program's doing */
    }
    for (; *env; env++) CHECK(strchr(*env, '=') && **env != '=', "not NAME=VALUE");
    if (odd(32)) {
        errno = EAGAIN;
        return -1;
    }
    world.exec_error = odd(16) ? 1 + (int)(world_choice() % 200) : 0;
    world.program.alive = true;
    world.program.killed = false;
    if (world.exec_error) dies(126 << 8);
    return MAIN_PID;
}

int world_kill(pid_t pid, int sig) {
    CHECK(pid == -1 && sig == SIGKILL, "a signal to somebody else");
    world.program.killed = true;
    if (!odd(8) || done()) { /* else it is stuck in the kernel for a while */
        dies(SIGKILL);
        world.dead_orphans += world.orphans;
        world.orphans = 0;
    }
    return 0;
}

pid_t world_waitpid(pid_t pid, int *status, int flags) {
    if (interrupted(32)) {
        errno = EINTR;
        return -1;
    }
    if (!(flags & WNOHANG)) {
        CHECK(world.program.zombie || !world.program.alive || world.program.killed, "waits for a process nobody killed");
        CHECK(!world.orphans || world.program.killed, "waits for a process nobody killed");
        dies(SIGKILL);
        world.dead_orphans += world.orphans;
        world.orphans = 0;
    }
    if (world.program.zombie && (pid == -1 || pid == MAIN_PID)) {
        world.program.zombie = false;
        if (status) *status = world.program.status;
        return MAIN_PID;
    }
    if (pid == -1 && world.dead_orphans) {
        world.dead_orphans--;
        if (status) *status = 0;
        return ORPHAN_PID;
    }
    if (flags & WNOHANG && (world.program.alive || world.orphans)) return 0;
    errno = ECHILD;
    return -1;
}

/* ---- reading and writing ---- */

static ssize_t refused(int error) {
    errno = error;
    return -1;
}

static ssize_t from_worker(void *to, size_t most) {
    CHECK(most > 0, "a read of nothing");
    if (interrupted(64)) return refused(EINTR);
    size_t left = world.size - world.at;
    if (left == 0) return odd(2) && !done() ? refused(EAGAIN) : 0;
    if (odd(32) && !done()) return refused(EAGAIN);
    size_t n = left < most ? left : most;
    unsigned cut = world_choice();
    if (cut % 4 == 3 && n > cut / 4 + 1) n = cut / 4 + 1;
    memcpy(to, world.bytes + world.at, n);
    world.at += n;
    return (ssize_t)n;
}

static ssize_t from_program(int which, unsigned char *to, size_t most) {
    CHECK(most > 0, "a read of nothing");
    if (interrupted(64)) return refused(EINTR);
    unsigned choice = world_choice();
    if (choice % 8 == 7 && !done()) return refused(EAGAIN);
    if (choice % 8 == 6 || done() || world.produced[which] > OUTPUT_MAX) return 0;
    size_t n = choice % 8 == 5 ? most : choice % most + 1;
    memcpy(to, sink_output(which, world.produced[which]), n);
    world.produced[which] += (unsigned)n;
    return (ssize_t)n;
}

static ssize_t signal_came(struct signalfd_siginfo *info) {
    if (!world.sigchld && (world_in_stage() || !odd(64))) return refused(EAGAIN);
    memset(info, 0, sizeof *info);
    info->ssi_signo = world.sigchld ? SIGCHLD : SIGTERM;
    world.sigchld = false;
    return sizeof *info;
}

ssize_t world_read(int fd, void *to, size_t most) {
    usable(to, most);
    if (fd == STDIN_FILENO) return from_worker(to, most);
    if (fd == WORLD_SIGNALS) return signal_came(to);
    if (!is_pipe(fd)) return interrupted(64) ? refused(EINTR) : files_read(fd, to, odd(4) ? 1 + most / 2 : most);
    CHECK(is_open(fd), "a read from a closed descriptor");
    int which = world_output_of(fd);
    if (which >= 0) {
        world_check_room(to, most);
        return from_program(which, to, most);
    }
    if (world_is_gate_answer(fd)) return odd(8) ? 0 : (*(char *)to = 1, 1);
    CHECK(most == sizeof world.exec_error, "an odd read"); /* of what keeps a program from starting */
    if (interrupted(32)) return refused(EINTR);
    if (!world.exec_error) return 0;
    memcpy(to, &world.exec_error, sizeof world.exec_error);
    return sizeof world.exec_error;
}

ssize_t world_write(int fd, const void *from, size_t most) {
    CHECK(most > 0, "a write of nothing");
    usable(from, most);
    unsigned choice = world_choice();
    size_t n = choice % 4 == 3 ? choice / 4 % most + 1 : most;
    if (interrupted(64)) return refused(EINTR);
    if (fd == STDOUT_FILENO) {
        if (done()) n = most;
        else if (choice % 8 == 2) return refused(EAGAIN);
        else if (choice == 255) return refused(EPIPE);
        sink_take(from, n);
        return (ssize_t)n;
    }
    if (!is_pipe(fd)) return choice == 255 ? refused(ENOSPC) : files_write(fd, from, n);
    CHECK(is_open(fd), "a write to a closed descriptor");
    if (choice % 8 == 2) return refused(EAGAIN);
    if (choice % 8 == 6) return refused(EPIPE);
    return (ssize_t)n;
}

/* ---- the passing of time ---- */

static void something_happens(void) {
    unsigned choice = world_choice();
    if (choice % 4 == 0 || done()) dies(choice & 16 ? (int)(choice >> 5) + 1 : (int)(choice >> 2) << 8);
    if (choice % 16 == 5 && world.program.alive) world.orphans++;
    if (world.orphans && choice % 16 == 9) {
        world.orphans--;
        world.dead_orphans++;
        world.sigchld = true;
    }
}

static int answer_one(struct pollfd *fd, int ms) { /* for a place in stdout, or for the warm command */
    world.now_us += 5000;
    if (!odd(4)) {
        fd->revents = fd->events;
        return 1;
    }
    world.now_us += (uint64_t)(ms > 0 ? ms : 0) * 1000;
    return 0;
}

int world_poll(struct pollfd *fds, nfds_t count, int ms) {
    enum { SIGNALS, IN, OUT, PROGRAM_IN, PROGRAM_OUT, PROGRAM_ERR, ALL };
    CHECK(++world.calls < CALLS_MAX, "a loop without end");
    world.polls++;
    if (count == 1) return answer_one(fds, ms);
    CHECK(count == ALL && fds[IN].fd <= STDIN_FILENO && fds[OUT].fd == STDOUT_FILENO, "an odd poll");
    note_stage();
    world_check_sleep(ms);
    unsigned open = 0;
    for (int i = 0; i < PIPES_MAX; i++) open += world.open[i];
    CHECK(open == world_program_fds() && files_open() == 0, "descriptors leak");
    if (interrupted(64)) return refused(EINTR);
    something_happens();
    if (world.sigchld || odd(64)) fds[SIGNALS].revents = POLLIN;
    bool heeds = fds[IN].fd == STDIN_FILENO;
    if (heeds && (world.at < world.size ? !odd(3) || done() : odd(16) || done())) fds[IN].revents = POLLIN;
    if (fds[OUT].events && (!odd(3) || done())) fds[OUT].revents = POLLOUT;
    if (world_choice() == 255) fds[OUT].revents |= POLLERR;
    for (int i = PROGRAM_IN; i < ALL; i++)
        if (fds[i].fd >= 0) {
            CHECK(is_open(fds[i].fd), "a closed descriptor is polled");
            if (!odd(3) || done()) fds[i].revents = fds[i].events;
        }
    int ready = 0;
    for (int i = 0; i < ALL; i++) ready += fds[i].revents != 0;
    if (!ready && ms < 0) { /* only the worker can go on */
        CHECK(heeds || fds[OUT].events, "init waits for ever");
        if (fds[OUT].events) fds[OUT].revents = POLLOUT;
        else fds[IN].revents = POLLIN;
        if (world.at == world.size) world.polls = POLLS_MAX + 1;
        return 1;
    }
    if (!ready) world.now_us += (uint64_t)ms * 1000;
    world.now_us += world_choice() % 8 * 50;
    return ready;
}
