/* Sandfleet init: PID 1 of every sandbox.
 *
 * THEORY OF OPERATION
 *
 * The worker and init talk in length-prefixed frames over init's own stdin and stdout (see ../README.md). The program
 * gets three pipes of its own, so nothing it writes can be taken for a frame. One thread, one poll loop; there are two
 * states, idle and in a stage:
 *
 *   idle      frames are read; FILE is written below /work, KEEP remembers what is there, WIPE makes it so again, FETCH
 *             sends a file of it, STAGE starts a program (or releases the warm one).
 *   in stage  stdin is fed, output is counted and passed on, deadlines are watched, orphans are reaped. A stage begins
 *             to end when its main process has ended or a limit is passed: from then on everything that is left is
 *             killed, again and again until wait() says that nobody is, the pipes are drained up to their caps, and END
 *             is sent. The end of the main process counts, never that of the pipes, which a daemon may hold for ever.
 *
 * Why a hostile program cannot reach init:
 *   - it is PID 1 of the namespace, so the kernel drops every signal from inside that init does not block or catch.
 *     SIGTERM is blocked (and so deliverable) only while idle, when no foreign process exists; SIGCHLD is only a hint.
 *   - it is not dumpable, so /proc/1/{mem,fd,...} belong to root and ptrace is refused.
 *   - the program's descriptors are its three pipes; everything else is closed before exec.
 *   - prlimit, setpriority and sched_set* ask for no more than the same user, which every process here is: the seccomp
 *     profile of the container refuses them for other processes. Nothing in here could.
 *   - init allocates nothing while a program runs, opens nothing (the cgroup files stay open) and forks nothing, so
 *     neither memory, descriptors nor pids can be taken away from it. The program's oom_score_adj makes it die first.
 *   - files are touched only while idle, when nobody is there to change them meanwhile: what is seen of a name still holds
 *     when it is used. Links are never followed, FIFOs never opened, and however deep a program nested its folders, init
 *     neither recurses nor builds a path.
 *   - what KEEP remembers is in init's memory, which a forked child does not even get a copy of.
 *   - output to the worker is buffered within bounds: when the buffer is full the program's pipes are not read, so
 *     back-pressure reaches the program while deadlines are still kept.
 *
 * Whatever the worker sends that is not a frame in its place ends in an ERROR frame and exit status 1; when the worker
 * goes away everything is killed at once. When PID 1 exits, the kernel kills what may be left in the namespace.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
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

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

enum { VERSION = 1, HEADER_BYTES = 8 };
enum { FILE_FRAME = 1, STAGE_FRAME = 2, CLOSE_FRAME = 3, KEEP_FRAME = 4, WIPE_FRAME = 5, FETCH_FRAME = 6 };
enum { READY_FRAME = 16, STDOUT_FRAME = 17, STDERR_FRAME = 18, END_FRAME = 19, ERROR_FRAME = 20 };
enum { KEPT_FRAME = 21, DATA_FRAME = 22, FETCHED_FRAME = 23, WIPED_FRAME = 24 };
enum { EXITED = 0, SIGNALLED = 1, NOT_STARTED = 2 };
enum { NO_LIMIT = 0, CPU_LIMIT = 1, WALL_LIMIT = 2, STDOUT_LIMIT = 3, STDERR_LIMIT = 4 };
enum { FETCHED_WHOLE = 0, FETCHED_MISSING = 1, FETCHED_IRREGULAR = 2, FETCHED_CUT = 3 };
enum { FLAG_WARM = 1 };

#define PAYLOAD_MAX (8u << 20)  /* of a frame to init */
#define CHUNK_MAX (64u << 10)   /* of a frame with output or content */
#define ERROR_MAX 1024u         /* of an error frame */
#define END_BYTES 56u
#define STAGE_FIXED_BYTES 24u
#define WORDS_MAX 256u          /* argv words, and environment words, of a stage */
#define PATH_BYTES_MAX 1024u
#ifndef KEPT_BYTES_MAX
#define KEPT_ENTRIES_MAX 4096u
#define KEPT_BYTES_MAX (64u << 20)
#endif
#define KEEP_SPARE_BYTES (4u << 20) /* of the container's memory that KEEP leaves free */
#define PAGE_BYTES 4096u
#define SYMLINK_INLINE_MAX 127u /* bytes of a link's target that take no page of a tmpfs */
#define WARM_WAIT_MS 10000      /* for the interpreter to load */
#define CPU_CHECK_MIN_US 5000   /* between two looks at the CPU clock of the container */
#define KILL_AGAIN_MS 5
#define LAST_WORDS_MS 2000      /* to get an ERROR frame out */
#define PAUSE_MAX_MS 60000      /* between two looks at the clock; limits may be longer than an int of milliseconds */
#define GATE_FD 60              /* the warm command's end of its gate, and where it says that it is ready: */
#define READY_FD 61             /* high, so that the numbers an interpreter gets for its own files stay as ever */
#define FD_FLOOR 64             /* init's own descriptors are above those a program is started with */

#define OUTBOX_BYTES (2 * (HEADER_BYTES + CHUNK_MAX))
#define OUTBOX_RESERVE (2 * HEADER_BYTES + ERROR_MAX + END_BYTES) /* always left for END and ERROR */

static struct { unsigned char bytes[OUTBOX_BYTES + OUTBOX_RESERVE]; size_t start, end; } outbox;
static struct { unsigned char header[HEADER_BYTES], *payload; uint32_t have, size; uint8_t type; } inbox;

static struct {
    pid_t pid;           /* of the main process; 0: none */
    int in, out[2];      /* our ends of its stdin, stdout and stderr; -1: closed */
    int gate, ready;     /* our ends of the warm command's GATE_FD and READY_FD; -1: none */
    bool waiting;        /* it is the warm command, behind its gate */
} program = {0, -1, {-1, -1}, -1, -1, false};

static struct {
    bool running, ending, nobody_left;
    uint8_t how, limit;
    uint32_t code;
    unsigned char *payload; size_t payload_bytes;     /* of the STAGE frame; holds stdin and the words */
    const unsigned char *input; size_t input_bytes;   /* what is left of stdin */
    uint32_t cap[2]; uint64_t count[2];               /* output bytes, counted up to one past the cap */
    uint64_t begin_us, wall_us, wall_limit_us, cpu_limit_us, cpu_check_us;
    uint64_t cpu_before_us, oom_before, pids_before, peak_before, cache_before; /* the container's counters when it began */
    uint64_t memory_seen;                             /* highest of the samples, and of what ended processes had resident */
} stage;

/* What KEEP saw: a table, and the bytes its entries point into. The entries of a folder are next to each other, behind it;
 * the first is /work itself. All in one region, which no child gets. */
struct entry { uint32_t parent, first, count, mode; size_t name, body; };
struct piece { uint64_t at, bytes; }; /* of a file, and its bytes after it; the last has none and AT is the size of the file */
static struct {
    struct entry *table; unsigned char *bytes; /* NULL: nothing is kept */
    size_t used, room;
    uint32_t entries;
    uint64_t content, pages; /* bytes in files, and what they take on a tmpfs */
    bool too_much;
} kept;

/* The folders a program can write to, and the modes they began with. */
static struct { const char *path; bool there; mode_t mode; } tops[] = {{"/work", 0, 0}, {"/tmp", 0, 0}, {"/dev/shm", 0, 0}};
enum { WORK, TOPS = sizeof tops / sizeof *tops };

static struct { int cpu, peak, usage, limit, stat, oom, pids, version; } cgroup = {-1, -1, -1, -1, -1, -1, -1, 0};
static int signals, cpus = 1;
static char *warm_argv[WORDS_MAX + 1], *warm_env[WORDS_MAX + 4], *base_env[4];
static sigset_t sigterm;

/* ---- small things ---- */

static uint32_t get(const unsigned char *p, int bytes) {
    uint32_t value = 0;
    while (bytes--) value = value << 8 | *p++;
    return value;
}

static unsigned char *put(unsigned char *p, uint64_t value, int bytes) {
    while (bytes--) *p++ = (unsigned char)(value >> (8 * bytes));
    return p;
}

static uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static _Noreturn void quit(int status) {
    kill(-1, SIGKILL);
    _exit(status);
}

/* ---- frames to the worker ---- */

static size_t outbox_room(void) { /* for one payload; END and ERROR may use the reserve beyond it */
    if (outbox.start > 0) {
        memmove(outbox.bytes, outbox.bytes + outbox.start, outbox.end - outbox.start);
        outbox.end -= outbox.start;
        outbox.start = 0;
    }
    size_t used = outbox.end + HEADER_BYTES;
    return used < OUTBOX_BYTES ? OUTBOX_BYTES - used : 0;
}

static unsigned char *outbox_payload(void) { return outbox.bytes + outbox.end + HEADER_BYTES; }

static void outbox_commit(uint8_t type, uint32_t size) { /* the payload is already in place */
    unsigned char *p = outbox.bytes + outbox.end;
    p = put(p, VERSION, 1);
    p = put(p, type, 1);
    p = put(p, 0, 2);
    put(p, size, 4);
    outbox.end += HEADER_BYTES + size;
}

static void flush(void) {
    while (outbox.start < outbox.end) {
        ssize_t n = write(STDOUT_FILENO, outbox.bytes + outbox.start, outbox.end - outbox.start);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) quit(1); /* nobody listens any more */
        outbox.start += (size_t)n;
    }
    outbox.start = outbox.end = 0;
}

static void send_all(void) { /* only while idle: nothing else needs looking after */
    for (flush(); outbox.end > 0; flush()) {
        struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};
        poll(&p, 1, -1);
    }
}

static _Noreturn void fail(const char *format, ...) {
    kill(-1, SIGKILL);
    outbox_room(); /* compacts, so that the reserve is free */
    va_list words;
    va_start(words, format);
    int n = vsnprintf((char *)outbox_payload(), ERROR_MAX, format, words);
    va_end(words);
    outbox_commit(ERROR_FRAME, n < 0 ? 0 : n < (int)ERROR_MAX ? (uint32_t)n : ERROR_MAX - 1);
    uint64_t deadline = now_us() + LAST_WORDS_MS * 1000;
    for (flush(); outbox.end > 0 && now_us() < deadline; flush()) {
        struct pollfd p = {STDOUT_FILENO, POLLOUT, 0};
        poll(&p, 1, LAST_WORDS_MS);
    }
    quit(1);
}

static void send_ready(void) {
    unsigned char *p = outbox_payload();
    p = put(p, program.waiting, 1);
    p = put(p, (uint64_t)cgroup.version, 1);
    put(p, 0, 2);
    outbox_commit(READY_FRAME, 4);
}

/* ---- the container's own counters ---- */

/* Open FILE of a v1 CONTROLLER, or of v2 where it is "". The kernel names our group in /proc/self/cgroup; inside a
 * container the mount usually starts at that very group, on a host it is a folder below the mount. */
static int open_counter(const char *controller, const char *file) {
    static const char *const mounts[] = {"", "cpu,", NULL}; /* "cpu,cpuacct" may lack its short name */
    char group[512] = "", line[512], path[1200];
    FILE *list = fopen("/proc/self/cgroup", "re");
    while (list && fgets(line, sizeof line, list)) {
        char *names = strchr(line, ':'), *where = names ? strchr(names + 1, ':') : NULL;
        if (!where) continue;
        *where++ = 0;
        where[strcspn(where, "\n")] = 0;
        for (char *rest = names + 1, *name; (name = strsep(&rest, ","));)
            if (strcmp(name, controller) == 0) snprintf(group, sizeof group, "%s", where);
    }
    if (list) fclose(list);
    for (int below = 1; below >= 0; below--)
        for (int i = 0; mounts[i]; i++) {
            if (!*controller && i > 0) break;
            snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s%s/%s", mounts[i], controller, below ? group : "", file);
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            if (fd < 0) continue;
            int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_FLOOR);
            close(fd);
            return high;
        }
    return -1;
}

static void open_counters(void) {
    if ((cgroup.cpu = open_counter("cpuacct", "cpuacct.usage")) >= 0) {
        cgroup.version = 1;
        cgroup.peak = open_counter("memory", "memory.max_usage_in_bytes");
        cgroup.usage = open_counter("memory", "memory.usage_in_bytes");
        cgroup.limit = open_counter("memory", "memory.limit_in_bytes");
        cgroup.stat = open_counter("memory", "memory.stat");
        cgroup.oom = open_counter("memory", "memory.oom_control");
        cgroup.pids = open_counter("pids", "pids.events");
    } else if ((cgroup.cpu = open_counter("", "cpu.stat")) >= 0) {
        cgroup.version = 2;
        cgroup.peak = open_counter("", "memory.peak");
        cgroup.usage = open_counter("", "memory.current");
        cgroup.limit = open_counter("", "memory.max");
        cgroup.stat = open_counter("", "memory.stat");
        cgroup.oom = open_counter("", "memory.events");
        cgroup.pids = open_counter("", "pids.events");
    }
}

/* The number after KEY at the start of a line of TEXT, or the first number where KEY is "". 0 if there is none. */
static uint64_t find_number(const char *text, const char *key) {
    size_t key_bytes = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, key_bytes) == 0) return strtoull(line + key_bytes, NULL, 10);
    }
    return 0;
}

static const char *read_counters(int fd) { /* until the next call */
    static char text[2048];
    ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = 0;
    return text;
}

static uint64_t counter(int fd, const char *key) { return find_number(read_counters(fd), key); }

/* Without a cgroup: what every process says it used, and those waited for. Processes cannot hide from /proc. */
static uint64_t cpu_from_proc_us(void) {
    struct rusage r;
    getrusage(RUSAGE_CHILDREN, &r);
    uint64_t used = (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
                    (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
    DIR *proc = opendir("/proc");
    for (struct dirent *entry; proc && (entry = readdir(proc));) {
        char path[32], text[1024];
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || strlen(entry->d_name) > 10) continue;
        snprintf(path, sizeof path, "/proc/%.10s/stat", entry->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
        close_fd(&fd);
        text[n > 0 ? n : 0] = 0;
        unsigned long long t[4] = {0}; /* utime stime cutime cstime, fields 14 to 17, in clock ticks */
        char *after_name = strrchr(text, ')');
        if (after_name && sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
                                 &t[0], &t[1], &t[2], &t[3]) == 4 && strcmp(entry->d_name, "1") != 0)
            used += (t[0] + t[1] + t[2] + t[3]) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    }
    if (proc) closedir(proc);
    return used;
}

static uint64_t cpu_us(void) { /* of the whole container since it was started */
    if (cgroup.version == 1) return counter(cgroup.cpu, "") / 1000;
    if (cgroup.version == 2) return counter(cgroup.cpu, "usage_usec ");
    return cpu_from_proc_us();
}

static uint64_t cpu_used_us(void) {
    uint64_t now = cpu_us();
    return now > stage.cpu_before_us ? now - stage.cpu_before_us : 0;
}

/* Pages of files, which the kernel gives back when memory is short. Those of an image stay charged to whoever read them
 * first, so they would be counted as the memory of every later stage. */
static uint64_t cache_bytes(void) {
    const char *text = read_counters(cgroup.stat);
    return find_number(text, "inactive_file ") + find_number(text, "active_file ");
}

static void note_memory(uint64_t bytes) {
    if (bytes > stage.memory_seen) stage.memory_seen = bytes;
}

static void sample_memory(void) {
    uint64_t usage = counter(cgroup.usage, "");
    note_memory(usage > stage.cache_before ? usage - stage.cache_before : 0);
}

/* Of this stage: the container's peak if it moved; else no more than that, and no less than what was seen. */
static uint64_t memory_peak(void) {
    uint64_t peak = counter(cgroup.peak, "");
    return peak > stage.peak_before || (peak > 0 && stage.memory_seen > peak) ? peak : stage.memory_seen;
}

static uint64_t memory_in_use(void) { /* that the kernel cannot have back */
    uint64_t usage = counter(cgroup.usage, ""), cache = cache_bytes();
    return usage > cache ? usage - cache : 0;
}

/* What the container may still use, so that the kernel need not kill anybody: KEEP asks before it does. */
static uint64_t memory_left(void) {
    uint64_t limit = counter(cgroup.limit, ""), taken = memory_in_use() + KEEP_SPARE_BYTES;
    if (limit == 0) return UINT64_MAX; /* there is none, or none is known */
    return limit > taken ? limit - taken : 0;
}

/* ---- files ---- */

static void write_all(int file, const unsigned char *content, size_t bytes) {
    while (bytes > 0) {
        ssize_t n = write(file, content, bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("cannot write a file: %s", strerror(errno));
        content += n;
        bytes -= (size_t)n;
    }
}

/* The folder of *PATH below /work, of which its last part is left; -1 if there is none and none can be (if MAKE) made. */
static int open_folder_of(char **path, bool make) {
    int folder = open("/work", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (char *slash; folder >= 0 && (slash = strchr(*path, '/')); *path = slash + 1) {
        *slash = 0;
        if (make) mkdirat(folder, *path, 0755);
        int next = openat(folder, *path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error = errno;
        close(folder);
        errno = error;
        folder = next;
    }
    return folder;
}

/* Write CONTENT to NAME below /work. An earlier stage may have put anything there: every folder is opened without
 * following links, and the file is made anew, so neither a link nor a FIFO of that name is ever opened. */
static void write_file(char *name, const unsigned char *content, size_t bytes) {
    int folder = open_folder_of(&name, true);
    if (folder < 0) fail("cannot open a folder on the way to a file: %s", strerror(errno));
    unlinkat(folder, name, 0);
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (file < 0) fail("cannot make a file: %s", strerror(errno));
    write_all(file, content, bytes);
    close(file);
    close(folder);
}

/* Copy the length-prefixed path at P, of which SIZE bytes are there, to PATH; its length. */
static uint32_t parse_path(const char *frame, const unsigned char *p, size_t size, char path[PATH_BYTES_MAX + 1]) {
    uint32_t length = size >= 2 ? get(p, 2) : 0;
    if (length == 0 || length > PATH_BYTES_MAX || length > size - 2) fail("%s: bad length of the path", frame);
    memcpy(path, p + 2, length);
    path[length] = 0;
    if (strlen(path) != length) fail("%s: NUL in the path", frame);
    for (char *part = path;; part = strchr(part, '/') + 1) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            fail("%s: the path must be relative, without empty, . or .. parts", frame);
        if (!part[n]) break;
    }
    return length;
}

static void handle_file(void) {
    char path[PATH_BYTES_MAX + 1];
    uint32_t length = parse_path("FILE", inbox.payload, inbox.size, path);
    write_file(path, inbox.payload + 2 + length, inbox.size - 2 - length);
}

static void handle_fetch(void) {
    char path[PATH_BYTES_MAX + 1], *name = path;
    if (inbox.size < 4) fail("FETCH: too short");
    uint64_t most = get(inbox.payload, 4), size = 0, sent = 0;
    if (parse_path("FETCH", inbox.payload + 4, inbox.size - 4, path) != inbox.size - 6) fail("FETCH: more than a path");
    struct stat found;
    int folder = open_folder_of(&name, false), file = -1;
    bool there = folder >= 0 && fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0;
    uint8_t how = !there && errno == ENOENT ? FETCHED_MISSING : FETCHED_IRREGULAR;
    if (there && S_ISREG(found.st_mode)) file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file >= 0) {
        size = (uint64_t)found.st_size;
        how = size > most ? FETCHED_CUT : FETCHED_WHOLE;
    }
    for (uint64_t wanted = size < most ? size : most; sent < wanted;) {
        uint64_t left = wanted - sent;
        ssize_t n = read(file, outbox_payload(), left < CHUNK_MAX ? (size_t)left : CHUNK_MAX);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) fail("cannot read a file: %s", n ? strerror(errno) : "it is shorter than it says");
        outbox_commit(DATA_FRAME, (uint32_t)n);
        send_all();
        sent += (uint64_t)n;
    }
    close_fd(&file);
    close_fd(&folder);
    unsigned char *p = put(put(outbox_payload(), how, 1), 0, 3);
    put(p, size, 8);
    outbox_commit(FETCHED_FRAME, 12);
    send_all();
}

/* ---- what is kept, and made so again ---- */

static DIR *list(int folder) { /* of a descriptor of its own: FOLDER stays open */
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = again < 0 ? NULL : fdopendir(again);
    if (!names) fail("cannot read a folder: %s", strerror(errno));
    return names;
}

static const char *next_name(DIR *names) {
    struct dirent *entry;
    do entry = readdir(names);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

/* Open the folder NAME, which is one and nobody's but ours, whatever its mode. */
static int open_folder(int above, const char *name, mode_t mode) {
    if ((mode & 0700) != 0700 && fchmodat(above, name, 0700, 0) < 0) fail("cannot enter a folder: %s", strerror(errno));
    int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) fail("cannot open a folder: %s", strerror(errno));
    return folder;
}

static int open_top(int which, mode_t *mode) { /* which the program may have closed to everybody */
    struct stat now;
    if (stat(tops[which].path, &now) < 0) fail("cannot find %s: %s", tops[which].path, strerror(errno));
    if (mode) *mode = now.st_mode;
    return open_folder(AT_FDCWD, tops[which].path, now.st_mode);
}

static void set_mode(int fd, mode_t mode) {
    struct stat now;
    mode &= 07777;
    if (fstat(fd, &now) < 0 || ((now.st_mode & 07777) != mode && fchmod(fd, mode) < 0))
        fail("cannot set a mode: %s", strerror(errno));
}

/* Call VISIT in each folder of the table, /work first: it may still add that folder's entries. Down by name and up by "..",
 * so that neither depth nor width takes descriptors or stack; a folder has its mode again when it is left. */
static void walk(void (*visit)(int folder, uint32_t of)) {
    uint32_t here = 0;
    int folder = open_top(WORK, NULL);
    visit(folder, here);
    for (uint32_t next = kept.table[here].first;;) {
        uint32_t end = kept.table[here].first + kept.table[here].count;
        while (next < end && !S_ISDIR(kept.table[next].mode)) next++;
        bool down = next < end && !kept.too_much;
        int other = -1;
        if (down) other = open_folder(folder, (char *)kept.bytes + kept.table[next].name, kept.table[next].mode);
        else if (here > 0 && (other = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
            fail("cannot leave a folder: %s", strerror(errno));
        if (!down) set_mode(folder, kept.table[here].mode);
        close(folder);
        if (other < 0) return;
        folder = other;
        if (down) {
            here = next;
            visit(folder, here);
            next = kept.table[here].first;
        } else {
            next = here + 1;
            here = kept.table[here].parent;
        }
    }
}

static size_t take(const void *from, size_t bytes) { /* where they are in the region now; to be filled if FROM is NULL */
    size_t at = kept.used;
    if (bytes > kept.room - kept.used) {
        kept.too_much = true;
        return 0;
    }
    if (from) memcpy(kept.bytes + at, from, bytes);
    kept.used += bytes;
    return at;
}

static void keep_piece(int file, off_t at, off_t bytes) {
    struct piece piece = {(uint64_t)at, (uint64_t)bytes};
    take(&piece, sizeof piece);
    size_t to = take(NULL, (size_t)bytes);
    if (kept.too_much) return;
    kept.content += (uint64_t)bytes;
    kept.pages += ((uint64_t)bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    if (lseek(file, at, SEEK_SET) < 0) fail("cannot read a file: %s", strerror(errno));
    for (ssize_t n; bytes > 0; to += (size_t)n, bytes -= n) {
        n = read(file, kept.bytes + to, (size_t)bytes);
        if (n < 0 && errno == EINTR) n = 0;
        else if (n <= 0) fail("cannot read a file: %s", n ? strerror(errno) : "it is shorter than it says");
    }
}

static size_t keep_file(int folder, const char *name, const struct stat *found) { /* without its holes */
    size_t begin = kept.used;
    bool closed = !(found->st_mode & 0400);
    if (closed && fchmodat(folder, name, 0600, 0) < 0) fail("cannot open a file: %s", strerror(errno));
    int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) fail("cannot open a file: %s", strerror(errno));
    for (off_t hole = 0, data; !kept.too_much && (data = lseek(file, hole, SEEK_DATA)) >= 0;) {
        if ((hole = lseek(file, data, SEEK_HOLE)) <= data) fail("cannot read a file: it has holes in odd places");
        keep_piece(file, data, hole - data);
    }
    struct piece last = {(uint64_t)found->st_size, 0};
    take(&last, sizeof last);
    if (closed) set_mode(file, found->st_mode);
    close(file);
    return begin;
}

static size_t keep_link(int folder, const char *name) {
    char target[PATH_MAX + 1];
    ssize_t n = readlinkat(folder, name, target, PATH_MAX);
    if (n < 0) fail("cannot read a link: %s", strerror(errno));
    target[n] = 0;
    kept.pages += (size_t)n > SYMLINK_INLINE_MAX;
    return take(target, (size_t)n + 1);
}

static void keep_folder(int folder, uint32_t of) {
    kept.table[of].first = kept.entries;
    DIR *names = list(folder);
    for (const char *name; !kept.too_much && (name = next_name(names));) {
        struct stat found;
        if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) < 0) fail("cannot look at a file: %s", strerror(errno));
        bool link = S_ISLNK(found.st_mode), file = S_ISREG(found.st_mode);
        if (!link && !file && !S_ISDIR(found.st_mode)) continue; /* a FIFO or a socket is nothing without its process */
        kept.too_much = kept.entries > KEPT_ENTRIES_MAX; /* the first entry is /work */
        if (kept.too_much) break;
        struct entry entry = {.parent = of, .mode = found.st_mode, .name = take(name, strlen(name) + 1)};
        if (link) entry.body = keep_link(folder, name);
        if (file) entry.body = keep_file(folder, name, &found);
        kept.table[kept.entries++] = entry;
        kept.table[of].count++;
    }
    closedir(names);
}

static void forget_kept(void) {
    if (kept.table) munmap(kept.table, (KEPT_ENTRIES_MAX + 1) * sizeof *kept.table + KEPT_BYTES_MAX);
    memset(&kept, 0, sizeof kept);
}

static void handle_keep(void) {
    forget_kept();
    uint64_t left = memory_left();
    size_t table_bytes = (KEPT_ENTRIES_MAX + 1) * sizeof *kept.table;
    void *region = mmap(NULL, table_bytes + KEPT_BYTES_MAX, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) fail("no memory to keep anything in");
    madvise(region, table_bytes + KEPT_BYTES_MAX, MADV_DONTFORK);
    kept.table = region;
    kept.bytes = (unsigned char *)region + table_bytes;
    kept.room = left < KEPT_BYTES_MAX ? (size_t)left : KEPT_BYTES_MAX;
    mode_t mode;
    int work = open_top(WORK, &mode);
    kept.table[kept.entries++] = (struct entry){.mode = mode};
    walk(keep_folder);
    /* Names of one file (hard links) become files of their own, which may be more than there is room for. */
    struct statvfs room;
    if (fstatvfs(work, &room) < 0) fail("cannot measure /work: %s", strerror(errno));
    if (room.f_blocks > 0 && kept.pages * PAGE_BYTES > room.f_blocks * room.f_frsize) kept.too_much = true;
    close(work);
    if (kept.too_much) forget_kept();
    unsigned char *p = put(put(outbox_payload(), kept.table != NULL, 1), 0, 3);
    p = put(p, kept.table ? kept.entries - 1 : 0, 4);
    put(p, kept.content, 8);
    outbox_commit(KEPT_FRAME, 16);
    send_all();
}

static void restore_file(int folder, const char *name, const struct entry *entry) {
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) fail("cannot make a file again: %s", strerror(errno));
    struct piece piece;
    for (size_t at = entry->body;; at += piece.bytes) {
        memcpy(&piece, kept.bytes + at, sizeof piece);
        at += sizeof piece;
        if (piece.bytes == 0) break;
        if (lseek(file, (off_t)piece.at, SEEK_SET) < 0) fail("cannot write a file: %s", strerror(errno));
        write_all(file, kept.bytes + at, piece.bytes);
    }
    if (ftruncate(file, (off_t)piece.at) < 0) fail("cannot give a file its size: %s", strerror(errno));
    set_mode(file, entry->mode);
    close(file);
}

static void restore_folder(int folder, uint32_t of) {
    for (uint32_t i = kept.table[of].first; i < kept.table[of].first + kept.table[of].count; i++) {
        const struct entry *entry = &kept.table[i];
        const char *name = (char *)kept.bytes + entry->name, *target = (char *)kept.bytes + entry->body;
        if (S_ISREG(entry->mode)) restore_file(folder, name, entry);
        else if ((S_ISDIR(entry->mode) ? mkdirat(folder, name, 0700) : symlinkat(target, folder, name)) < 0)
            fail("cannot make a folder or a link again: %s", strerror(errno));
    }
}

static bool removed(int folder, const char *name) { /* false: it is a folder that is not empty */
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return true;
    if (errno == EISDIR && (unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT)) return true;
    if (errno != ENOTEMPTY) fail("cannot remove a file: %s", strerror(errno));
    return false;
}

/* Move the folder NAME up to TOP, under a name that is free there or that of an empty folder. */
static void raise_folder(int folder, const char *name, int top) {
    static unsigned long number;
    char fresh[32];
    int moved = -1;
    /* What a folder is moved out of changes its "..", so it must be writable itself. */
    if (fchmodat(folder, name, 0700, 0) < 0) fail("cannot open a folder to all: %s", strerror(errno));
    do {
        snprintf(fresh, sizeof fresh, "%lu", number++);
        moved = renameat(folder, name, top, fresh);
    } while (moved < 0 && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR));
    if (moved < 0) fail("cannot move a folder: %s", strerror(errno));
}

/* Remove all that is below TOP. Each folder there loses everything but the folders in it that are not empty; those are
 * moved to the top, where their turn comes: so nothing is ever more than two levels down. */
static void empty(int top) {
    for (bool found = true; found;) {
        found = false;
        DIR *names = list(top);
        for (const char *name; (name = next_name(names));) {
            found = true;
            if (removed(top, name)) continue;
            int folder = open_folder(top, name, 0);
            DIR *below = list(folder);
            for (const char *deeper; (deeper = next_name(below));)
                if (!removed(folder, deeper)) raise_folder(folder, deeper, top);
            closedir(below);
            close(folder);
            removed(top, name);
        }
        closedir(names);
    }
}

static void handle_wipe(void) {
    for (int i = 0; i < TOPS; i++) {
        if (!tops[i].there) continue;
        int top = open_top(i, NULL);
        empty(top);
        set_mode(top, tops[i].mode);
        /* The program owns these folders, and could leave some bytes to the next in their times. */
        if (futimens(top, NULL) < 0) fail("cannot set the times of %s: %s", tops[i].path, strerror(errno));
        close(top);
    }
    if (kept.table) walk(restore_folder);
    put(outbox_payload(), memory_in_use(), 8);
    outbox_commit(WIPED_FRAME, 8);
    send_all();
}

static void find_tops(void) {
    struct stat root, top;
    if (stat("/", &root) < 0) fail("cannot find /: %s", strerror(errno));
    for (int i = 0; i < TOPS; i++) { /* one that is no mount of its own is part of the image */
        tops[i].there = stat(tops[i].path, &top) == 0 && (i == WORK || top.st_dev != root.st_dev);
        if (tops[i].there) tops[i].mode = top.st_mode & 07777;
    }
}

/* ---- processes ---- */

/* Reap whoever has ended; note it if it was the main process. False when nobody is left in the container. */
static bool reap(void) {
    for (;;) {
        int status;
        struct rusage used;
        pid_t pid = wait4(-1, &status, WNOHANG, &used);
        if (pid == 0 || (pid < 0 && errno == EINTR)) return true;
        if (pid < 0) return false;
        if (stage.running) note_memory((uint64_t)used.ru_maxrss * 1024);
        if (pid != program.pid) continue;
        program.pid = 0;
        program.waiting = false;
        if (!stage.running) continue;
        stage.ending = true;
        stage.wall_us = now_us() - stage.begin_us;
        stage.how = WIFSIGNALED(status) ? SIGNALLED : EXITED;
        stage.code = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

static void kill_everyone(void) {
    do kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
    program.pid = 0;
    program.waiting = false;
}

static void close_program(void) {
    close_fd(&program.in);
    close_fd(&program.out[0]);
    close_fd(&program.out[1]);
    close_fd(&program.gate);
    close_fd(&program.ready);
}

static bool make_pipe(int ends[2]) { /* both ends close on exec and are above the numbers a program starts with */
    int low[2];
    if (pipe2(low, O_CLOEXEC) < 0) return false;
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, FD_FLOOR);
        close(low[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

/* In the child: become the program. OURS are its ends of the pipes; REPORT takes errno if it cannot be started. */
static _Noreturn void become(char **argv, char **env, const int ours[5], bool gated, int report) {
    static const int theirs[5] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, GATE_FD, READY_FD};
    setsid();
    /* Not by signal(), which refuses the signals that the C library keeps for itself: the engine may ignore those, too. */
    static const unsigned long by_default[4]; /* the kernel's struct sigaction; SIG_DFL is zero */
    for (int sig = 1; sig < NSIG; sig++) syscall(SYS_rt_sigaction, sig, by_default, NULL, 8L);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 0; i < (gated ? 5 : 3); i++)
        if (dup2(ours[i], theirs[i]) < 0) goto failed;
    if ((report = dup3(report, READY_FD + 1, O_CLOEXEC)) < 0) _exit(127);
    if (syscall(SYS_close_range, READY_FD + 2, ~0u, 0) < 0) /* the kernel is older than 5.9 */
        for (int fd = READY_FD + 2; fd < 1024; fd++) close(fd);
    /* Only now, with nothing of init's left open, may others look at this process; /proc/self needs it. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0 && write(score, "1000", 4) < 0) goto failed;
    close_fd(&score);
    execvpe(argv[0], argv, env);
failed:
    if (write(report, &errno, sizeof errno) < 0) _exit(126);
    _exit(127);
}

/* Start ARGV as the main process, behind a gate if GATED. Returns 0 or the errno that kept it from starting. */
static int start(char **argv, char **env, bool gated) {
    enum { IN, OUT, ERR, GATE, READY, REPORT, PIPES };
    int pipes[PIPES][2], error = 0;
    memset(pipes, -1, sizeof pipes);
    for (int i = 0; i < PIPES && !error; i++)
        if ((gated || (i != GATE && i != READY)) && !make_pipe(pipes[i])) error = errno;
    pid_t pid = error ? -1 : fork();
    if (pid < 0 && !error) error = errno;
    if (pid == 0) {
        int ours[5] = {pipes[IN][0], pipes[OUT][1], pipes[ERR][1], pipes[GATE][0], pipes[READY][1]};
        become(argv, env, ours, gated, pipes[REPORT][1]);
    }
    static const int far_end[PIPES] = {0, 1, 1, 0, 1, 1};
    for (int i = 0; i < PIPES; i++) close_fd(&pipes[i][far_end[i]]);
    if (pid > 0) {
        while (read(pipes[REPORT][0], &error, sizeof error) < 0 && errno == EINTR) continue;
        if (error) waitpid(pid, NULL, 0);
    }
    close_fd(&pipes[REPORT][0]);
    program.pid = error ? 0 : pid;
    program.in = pipes[IN][1];
    program.out[0] = pipes[OUT][0];
    program.out[1] = pipes[ERR][0];
    program.gate = pipes[GATE][1];
    program.ready = pipes[READY][0];
    if (error) close_program();
    for (int i = 0; i < 2; i++)
        if (program.out[i] >= 0) fcntl(program.out[i], F_SETFL, O_NONBLOCK);
    if (program.in >= 0) fcntl(program.in, F_SETFL, O_NONBLOCK);
    return error;
}

static void start_warm(void) {
    if (!warm_argv[0]) return;
    char byte;
    int error = start(warm_argv, warm_env, true);
    struct pollfd p = {program.ready, POLLIN, 0};
    program.waiting = !error && poll(&p, 1, WARM_WAIT_MS) == 1 && read(program.ready, &byte, 1) == 1;
    if (program.waiting) return;
    kill_everyone();
    close_program();
}

/* ---- a stage ---- */

/* Make C strings of COUNT length-prefixed words at *AT, in place: each moves down by one byte to make room for its NUL. */
static void parse_words(unsigned char **at, const unsigned char *end, uint32_t count, char **words) {
    for (uint32_t i = 0; i < count; i++) {
        unsigned char *p = *at;
        if (end - p < 4) fail("STAGE: a word is cut off");
        uint32_t length = get(p, 4);
        if (length > (size_t)(end - p) - 4) fail("STAGE: a word is cut off");
        if (memchr(p + 4, 0, length)) fail("STAGE: NUL in a word");
        memmove(p + 3, p + 4, length);
        p[3 + length] = 0;
        words[i] = (char *)p + 3;
        *at = p + 4 + length;
    }
    words[count] = NULL;
}

static bool has_name_of(const char *word, char **words) { /* of NAME=VALUE */
    size_t bytes = strcspn(word, "=") + 1;
    while (*words && strncmp(*words, word, bytes) != 0) words++;
    return *words != NULL;
}

static bool same_words(char **a, char **b) {
    while (*a && *b && strcmp(*a, *b) == 0) a++, b++;
    return !*a && !*b;
}

static void handle_stage(void) {
    static char *argv[WORDS_MAX + 1], *added[WORDS_MAX + 1], *env[WORDS_MAX + 4];
    if (inbox.size < STAGE_FIXED_BYTES) fail("STAGE: too short"); /* an empty one has no payload at all */
    unsigned char *p = inbox.payload, *end = p + inbox.size;
    uint32_t flags = get(p, 1), argc = get(p + 20, 2), envc = get(p + 22, 2);
    if (flags & ~(uint32_t)FLAG_WARM || get(p + 1, 3)) fail("STAGE: unknown flags");
    if (argc == 0 || argc > WORDS_MAX || envc > WORDS_MAX) fail("STAGE: too many words, or none");
    memset(&stage, 0, sizeof stage);
    stage.cpu_limit_us = (uint64_t)get(p + 4, 4) * 1000;
    stage.wall_limit_us = (uint64_t)get(p + 8, 4) * 1000;
    stage.cap[0] = get(p + 12, 4);
    stage.cap[1] = get(p + 16, 4);
    p += STAGE_FIXED_BYTES;
    parse_words(&p, end, argc, argv);
    parse_words(&p, end, envc, added);
    for (uint32_t i = 0; i < envc; i++)
        if (!strchr(added[i], '=') || added[i][0] == '=') fail("STAGE: an environment word is not NAME=VALUE");
    int words = 0;
    for (int i = 0; i < 3; i++)
        if (!has_name_of(base_env[i], added)) env[words++] = base_env[i];
    memcpy(env + words, added, (envc + 1) * sizeof *added);
    stage.payload = inbox.payload;
    stage.payload_bytes = inbox.size;
    inbox.payload = NULL;
    stage.input = p;
    stage.input_bytes = (size_t)(end - p);

    reap(); /* the warm process may have died just now */
    bool hooked = flags & FLAG_WARM && envc == 0 && same_words(argv, warm_argv);
    if (!hooked || !program.waiting) {
        kill_everyone(); /* the warm process, if this is not its stage */
        close_program();
    }
    sigprocmask(SIG_UNBLOCK, &sigterm, NULL); /* so that the kernel drops it: see the theory of operation */
    stage.running = true;
    stage.begin_us = stage.cpu_check_us = now_us();
    stage.cpu_before_us = cpu_us();
    stage.oom_before = counter(cgroup.oom, "oom_kill ");
    stage.pids_before = counter(cgroup.pids, "max ");
    stage.peak_before = counter(cgroup.peak, "");
    stage.cache_before = cache_bytes();
    int error = program.waiting ? 0 : start(argv, hooked ? warm_env : env, hooked);
    program.waiting = false;
    close_fd(&program.gate); /* opens it */
    if (error) {
        stage.ending = true;
        stage.how = NOT_STARTED;
        stage.code = (uint32_t)error;
    }
}

static void feed_input(void) {
    while (stage.input_bytes > 0) {
        ssize_t n = write(program.in, stage.input, stage.input_bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) break; /* the program closed its stdin */
        stage.input += n;
        stage.input_bytes -= (size_t)n;
    }
    stage.input_bytes = 0;
    close_fd(&program.in);
}

static void set_limit(uint8_t limit) {
    if (stage.limit == NO_LIMIT) stage.limit = limit; /* the first one passed is the cause */
    stage.ending = true;
}

/* Pass on what the program wrote to stdout (0) or stderr (1). One byte past the cap is read to know that it was passed. */
static void read_output(int which) {
    size_t room = outbox_room(), allowed = stage.cap[which] - stage.count[which];
    size_t want = room < CHUNK_MAX ? room : CHUNK_MAX;
    if (program.out[which] < 0 || want == 0) return;
    if (want > allowed + 1) want = allowed + 1;
    ssize_t n = read(program.out[which], outbox_payload(), want);
    if (n < 0 && (errno == EINTR || (errno == EAGAIN && !stage.nobody_left))) return;
    if (n <= 0 || (size_t)n > allowed) close_fd(&program.out[which]);
    if (n <= 0) return;
    stage.count[which] += (uint64_t)n;
    if ((size_t)n > allowed) {
        n--;
        set_limit(which ? STDERR_LIMIT : STDOUT_LIMIT);
    }
    if (n > 0) outbox_commit(which ? STDERR_FRAME : STDOUT_FRAME, (uint32_t)n);
}

/* A program on every CPU could use what is left in left/cpus: there is no need to look earlier than that. */
static void watch_limits(void) {
    uint64_t now = now_us();
    if (now - stage.begin_us >= stage.wall_limit_us) set_limit(WALL_LIMIT);
    if (now < stage.cpu_check_us) return;
    uint64_t used = cpu_used_us();
    sample_memory();
    if (used > stage.cpu_limit_us) {
        set_limit(CPU_LIMIT);
        return;
    }
    uint64_t pause = (stage.cpu_limit_us - used) / (uint64_t)cpus;
    stage.cpu_check_us = now + (pause > CPU_CHECK_MIN_US ? pause : CPU_CHECK_MIN_US);
}

static void send_end(void) {
    uint64_t cpu = cpu_used_us();
    if (stage.how != NOT_STARTED && stage.limit == NO_LIMIT) { /* it may have ended between two looks */
        if (cpu > stage.cpu_limit_us) stage.limit = CPU_LIMIT;
        else if (stage.wall_us > stage.wall_limit_us) stage.limit = WALL_LIMIT;
    }
    outbox_room(); /* compacts, so that the reserve is free */
    unsigned char *p = outbox_payload();
    p = put(p, stage.how, 1);
    p = put(p, stage.limit, 1);
    p = put(p, 0, 2);
    p = put(p, stage.code, 4);
    p = put(p, cpu, 8);
    p = put(p, stage.wall_us, 8);
    p = put(p, memory_peak(), 8);
    p = put(p, stage.count[0], 8);
    p = put(p, stage.count[1], 8);
    p = put(p, counter(cgroup.oom, "oom_kill ") - stage.oom_before, 4);
    put(p, counter(cgroup.pids, "max ") - stage.pids_before, 4);
    outbox_commit(END_FRAME, END_BYTES);
}

static void advance_end(void) {
    kill(-1, SIGKILL);
    stage.nobody_left = !reap();
    if (!stage.nobody_left) return;
    read_output(0);
    read_output(1);
    if (program.out[0] >= 0 || program.out[1] >= 0) return; /* there is more, or no room for it yet */
    send_end();
    close_program();
    munmap(stage.payload, stage.payload_bytes);
    memset(&stage, 0, sizeof stage);
    sigprocmask(SIG_BLOCK, &sigterm, NULL);
}

/* ---- frames from the worker ---- */

static void handle_frame(void) {
    if (inbox.type == CLOSE_FRAME) quit(0);
    if (stage.running) fail("a frame of type %u came while a stage runs", inbox.type);
    if (inbox.type == FILE_FRAME) handle_file();
    if (inbox.type == STAGE_FRAME) handle_stage();
    if (inbox.type == KEEP_FRAME) handle_keep();
    if (inbox.type == WIPE_FRAME) handle_wipe();
    if (inbox.type == FETCH_FRAME) handle_fetch();
    if (inbox.payload) munmap(inbox.payload, inbox.size);
    memset(&inbox, 0, sizeof inbox);
}

static uint32_t most_bytes(uint8_t type) {
    if (type == FETCH_FRAME) return 4 + 2 + PATH_BYTES_MAX;
    return type == FILE_FRAME || type == STAGE_FRAME ? PAYLOAD_MAX : 0;
}

static void handle_header(void) {
    inbox.type = inbox.header[1];
    inbox.size = get(inbox.header + 4, 4);
    if (inbox.header[0] != VERSION) fail("frames of version %u are not known here", inbox.header[0]);
    if (inbox.type < FILE_FRAME || inbox.type > FETCH_FRAME) fail("frames of type %u are not known here", inbox.type);
    if (get(inbox.header + 2, 2)) fail("bytes 2 and 3 of a frame must be zero");
    if (inbox.size > most_bytes(inbox.type)) fail("a frame of %u bytes is too large", inbox.size);
    if (inbox.size == 0) return;
    inbox.payload = mmap(NULL, inbox.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (inbox.payload == MAP_FAILED) fail("no memory for a frame of %u bytes", inbox.size);
}

static void read_worker(void) {
    for (;;) {
        bool in_header = inbox.have < HEADER_BYTES;
        unsigned char *to = in_header ? inbox.header + inbox.have : inbox.payload + (inbox.have - HEADER_BYTES);
        ssize_t n = read(STDIN_FILENO, to, in_header ? HEADER_BYTES - inbox.have : HEADER_BYTES + inbox.size - inbox.have);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n == 0 && inbox.have > 0) fail("the worker's bytes end inside a frame");
        if (n <= 0) quit(n < 0); /* the worker is gone */
        inbox.have += (uint32_t)n;
        if (in_header && inbox.have == HEADER_BYTES) handle_header();
        if (inbox.have >= HEADER_BYTES && inbox.have == HEADER_BYTES + inbox.size) handle_frame();
    }
}

/* ---- the loop ---- */

static int pause_ms(void) {
    if (!stage.running) return -1;
    if (stage.ending) return stage.nobody_left && outbox_room() == 0 ? -1 : KILL_AGAIN_MS; /* -1: until the worker reads */
    uint64_t now = now_us(), wall = stage.begin_us + stage.wall_limit_us;
    uint64_t next = wall < stage.cpu_check_us ? wall : stage.cpu_check_us;
    uint64_t pause = next <= now ? 0 : (next - now + 999) / 1000;
    return pause < PAUSE_MAX_MS ? (int)pause : PAUSE_MAX_MS; /* a negative one would be for ever */
}

static void read_signals(void) {
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGTERM) quit(0); /* the engine stops us; nothing foreign runs */
    stage.nobody_left = !reap();
}

static _Noreturn void loop(void) {
    for (;;) {
        bool room = stage.running && outbox_room() > 0;
        /* No new stage before the worker took the END of the last: the reserve of the outbox holds one END, not many. */
        bool heeds = stage.running || outbox.end == 0;
        struct pollfd p[] = {
            {signals, POLLIN, 0},
            {heeds ? STDIN_FILENO : -1, POLLIN, 0},
            {STDOUT_FILENO, outbox.end > 0 ? POLLOUT : 0, 0}, /* POLLERR comes unasked when the worker is gone */
            {stage.running ? program.in : -1, POLLOUT, 0},
            {room ? program.out[0] : -1, POLLIN, 0},
            {room ? program.out[1] : -1, POLLIN, 0},
        };
        if (poll(p, sizeof p / sizeof *p, pause_ms()) < 0 && errno != EINTR) fail("poll: %s", strerror(errno));
        if (p[2].revents & POLLERR) quit(1);
        if (p[0].revents) read_signals();
        if (p[1].revents) read_worker();
        if (stage.running) {
            if (program.in >= 0) feed_input();
            if (p[4].revents) read_output(0);
            if (p[5].revents) read_output(1);
            if (!stage.ending) watch_limits();
            if (stage.ending) advance_end();
        }
        flush();
    }
}

static void read_arguments(int argc, char **argv) {
    static const char *const names[] = {"PATH", "HOME", "LANG"};
    static const char *const fallback[] = {"/usr/local/bin:/usr/bin:/bin", "/work", "C.UTF-8"};
    for (int i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (asprintf(&base_env[i], "%s=%s", names[i], value ? value : fallback[i]) < 0) fail("no memory");
    }
    memcpy(warm_env, base_env, sizeof base_env);
    int i = 1, words = 3;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strchr(argv[i], '=')) fail("an environment word of the warm command is not NAME=VALUE");
        if (words < (int)WORDS_MAX + 3) warm_env[words++] = argv[i];
    }
    for (int j = 0; ++i < argc && j < (int)WORDS_MAX; j++) warm_argv[j] = argv[i];
}

int main(int argc, char **argv) {
    if (getpid() != 1) { /* kill(-1, SIGKILL) would mean the whole machine */
        fputs("sandfleet init must be PID 1 of a container\n", stderr);
        return 2;
    }
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* before anything else: /proc/1 is root's from here on */
    syscall(SYS_close_range, 3, ~0u, 0); /* whatever the runtime may have left open */
    umask(022);
    memset(&outbox, 1, sizeof outbox); /* touched now, so that no page is missing when memory is short */
    outbox.start = outbox.end = 0;
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);
    sigset_t mask;
    sigemptyset(&sigterm);
    sigaddset(&sigterm, SIGTERM);
    mask = sigterm;
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    int low = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    signals = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, FD_FLOOR);
    close_fd(&low);
    if (signals < 0 || chdir("/work") < 0) fail("cannot set up: %s", strerror(errno));
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) cpus = CPU_COUNT(&set);
    read_arguments(argc, argv);
    find_tops();
    open_counters();
    start_warm();
    send_ready();
    loop();
}
