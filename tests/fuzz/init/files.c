/* The files of init: below folders of their own, and nowhere else. See harness.c.
 *
 * /work holds what an earlier program may have left: a link to a folder outside, a link to a file outside, a FIFO, a
 * folder that is closed, one file by two names, one with a hole, folders in folders, and names that a wipe would like to
 * have for itself. /tmp holds a file and is closed. Outside is one file, which must stay alone and unchanged.
 *
 * What was kept is known by a sum over all names, modes and contents, which must be the same again after a wipe.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "world.h"

#define FD_MAX 256
#define CANARY "canary"
#define WORK_MODE 0700
#define TEMP_MODE 01777

static bool ours[FD_MAX];
static DIR *listings[FD_MAX];
static int work = -1, temp = -1, outside = -1;
static bool touched, failed;
static char home[256];
static uint64_t kept_sum; /* 0: nothing is kept */

static int inside(int folder, const char *name) { /* a folder, whatever its mode */
    fchmodat(folder, name, 0700, 0);
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void empty(int folder) { /* takes the descriptor */
    DIR *listing = fdopendir(folder);
    CHECK(listing, "a folder cannot be read");
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(dirfd(listing), entry->d_name, 0) == 0) continue;
        int below = inside(dirfd(listing), entry->d_name);
        if (below >= 0) empty(below);
        CHECK(unlinkat(dirfd(listing), entry->d_name, AT_REMOVEDIR) == 0, "a file cannot be removed");
    }
    closedir(listing);
}

static void put_file(int folder, const char *name) {
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CHECK(fd >= 0 && write(fd, CANARY, strlen(CANARY)) == (ssize_t)strlen(CANARY), "no place for files");
    close(fd);
}

static void plant(void) {
    bool planted = symlinkat("../outside", work, "link") == 0 && symlinkat("../outside/" CANARY, work, "alias") == 0 &&
                   mkfifoat(work, "fifo", 0644) == 0 && mkdirat(work, "folder", 0755) == 0 &&
                   mkdirat(work, "folder/0", 0755) == 0 && mkdirat(work, "folder/0/1", 0755) == 0 &&
                   mkdirat(work, "closed", 0755) == 0;
    CHECK(planted, "no place for files");
    put_file(work, "file");
    put_file(work, "folder/0/1/deep");
    put_file(work, "closed/in");
    put_file(work, "hole");
    int hole = openat(work, "hole", O_WRONLY | O_CLOEXEC);
    bool made = hole >= 0 && pwrite(hole, "end", 3, 3 << 12) == 3 && ftruncate(hole, 5 << 12) == 0 &&
                linkat(work, "file", work, "same", 0) == 0 && fchmodat(work, "same", 04711, 0) == 0 &&
                fchmodat(work, "closed", 0, 0) == 0;
    CHECK(made, "no place for files");
    close(hole);
    put_file(temp, "left");
    fchmod(work, WORK_MODE);
    fchmod(temp, 0);
}

static void leave(void) {
    empty(work);
    empty(temp);
    empty(outside);
    char path[300];
    static const char *const parts[] = {"/work", "/temp", "/outside", ""};
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s%s", home, parts[i]);
        rmdir(path);
    }
}

static int make(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", home, name);
    int folder = mkdir(path, 0755) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    CHECK(folder >= 0, "no place for files");
    return folder;
}

static void enter(void) {
    touched = true;
    if (work >= 0) return;
    const char *where = getenv("TMPDIR");
    snprintf(home, sizeof home, "%s/fuzz-init-XXXXXX", where && strlen(where) < 200 ? where : "/tmp");
    CHECK(mkdtemp(home), "no place for files");
    work = make("work");
    temp = make("temp");
    outside = make("outside");
    put_file(outside, CANARY);
    plant();
    atexit(leave);
}

static void check_outside(void) {
    char text[sizeof CANARY] = "";
    int names = 0, fd = openat(outside, CANARY, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, text, sizeof text) == (ssize_t)strlen(CANARY) && !strcmp(text, CANARY), "a file outside was changed");
    close(fd);
    DIR *listing = fdopendir(openat(outside, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *entry; listing && (entry = readdir(listing));) names++;
    if (listing) closedir(listing);
    CHECK(names == 3, "a file outside was made");
}

/* ---- what they come to ---- */

static uint64_t mixed(uint64_t sum, const void *bytes, size_t size) {
    for (const unsigned char *p = bytes; size > 0; size--) sum = (sum ^ *p++) * 1099511628211u;
    return sum;
}

static uint64_t sum_of_file(int folder, const char *name, uint64_t sum) {
    static unsigned char bytes[1 << 16];
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    CHECK(fd >= 0, "a file cannot be read");
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;) sum = mixed(sum, bytes, (size_t)n);
    close(fd);
    return sum;
}

/* Of all below FOLDER, whose descriptor it takes; what is no folder, file or link does not count. */
static uint64_t sum_of(int folder, uint64_t above) {
    uint64_t all = 0;
    struct stat found;
    DIR *listing = fdopendir(folder);
    CHECK(listing, "a folder cannot be read");
    for (struct dirent *entry; (entry = readdir(listing));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
        CHECK(fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0, "a file is gone");
        uint64_t sum = mixed(mixed(above, name, strlen(name) + 1), &found.st_mode, sizeof found.st_mode);
        char target[4096];
        ssize_t n = S_ISLNK(found.st_mode) ? readlinkat(folder, name, target, sizeof target) : -1;
        if (n >= 0) all += mixed(sum, target, (size_t)n);
        if (S_ISREG(found.st_mode)) all += sum_of_file(folder, name, sum);
        if (S_ISDIR(found.st_mode)) {
            int below = inside(folder, name);
            CHECK(below >= 0, "a folder cannot be read");
            all += sum + sum_of(below, sum);
            fchmodat(folder, name, found.st_mode & 07777, 0);
        }
    }
    closedir(listing);
    return all;
}

static uint64_t sum_now(void) {
    struct stat found;
    CHECK(fstat(work, &found) == 0 && fchmod(work, 0700) == 0, "a folder cannot be read");
    uint64_t sum = mixed(1, &found.st_mode, sizeof found.st_mode);
    sum += sum_of(openat(work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), sum);
    fchmod(work, found.st_mode & 07777);
    return sum | 1;
}

void files_were_kept(bool whole) { kept_sum = whole ? sum_now() : 0; }

static unsigned names_in(int folder) {
    unsigned count = 0;
    DIR *listing = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (struct dirent *entry; listing && (entry = readdir(listing));) count++;
    if (listing) closedir(listing);
    return count - 2;
}

void files_were_wiped(void) {
    struct stat found;
    if (world_has_temp()) {
        bool begun = names_in(temp) == 0 && fstat(temp, &found) == 0 && (found.st_mode & 07777) == TEMP_MODE;
        CHECK(begun, "a wipe leaves something in /tmp");
    }
    if (kept_sum) CHECK(sum_now() == kept_sum, "a wipe leaves what was not kept, or less");
    else CHECK(names_in(work) == 0 && fstat(work, &found) == 0 && (found.st_mode & 07777) == WORK_MODE, "a wipe leaves something");
}

static int reached(const char *path) {
    int folder = dup(work);
    for (const char *slash; folder >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
        char part[1025];
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        int next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        close(folder);
        folder = next;
    }
    int file = folder < 0 ? -1 : openat(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (folder >= 0) close(folder);
    return file;
}

bool files_find(const char *path, uint64_t *size) {
    struct stat found = {0};
    int file = reached(path);
    bool plain = file >= 0 && fstat(file, &found) == 0 && S_ISREG(found.st_mode);
    if (file >= 0) close(file);
    *size = (uint64_t)found.st_size;
    return plain;
}

bool files_hold(const char *path, uint64_t at, const unsigned char *bytes, size_t size) {
    static unsigned char there[64 << 10];
    int file = reached(path);
    ssize_t n = file < 0 ? -1 : pread(file, there, size, (off_t)at);
    if (file >= 0) close(file);
    return n == (ssize_t)size && memcmp(there, bytes, size) == 0;
}

/* ---- what a program does to them ---- */

void files_havoc(void) {
    enter();
    static const char *const places[] = {".", "folder", "folder/0", "0"};
    char name[64];
    for (unsigned i = world_choice() % 8; i > 0; i--) {
        unsigned what = world_choice();
        snprintf(name, sizeof name, "%s/%u", places[what >> 3 & 3], what >> 5);
        if (what % 8 == 0) mkdirat(work, name, 0);
        if (what % 8 == 1) symlinkat("/", work, name);
        if (what % 8 == 2) mkfifoat(work, name, 0644);
        if (what % 8 == 3) unlinkat(work, name, what & 8 ? AT_REMOVEDIR : 0);
        if (what % 8 == 4) renameat(work, "folder", work, name);
        if (what % 8 == 5) linkat(work, "file", work, name, 0);
        if (what % 8 == 6) fchmod(what & 16 ? work : temp, 0);
        if (what % 8 == 7) mkdirat(temp, name + 2, 0), mkfifoat(temp, "fifo", 0);
    }
}

/* ---- the calls of init ---- */

static int keep(int fd) {
    if (fd < 0) return fd;
    CHECK(fd < FD_MAX, "descriptors leak");
    ours[fd] = true;
    return fd;
}

static bool is_ours(int fd) { return fd >= 0 && fd < FD_MAX && ours[fd]; }

static void check_name(int folder, const char *name) {
    CHECK(is_ours(folder), "a folder that init did not open");
    CHECK(*name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, ".."), "a name that could leave /work");
}

static bool refused(void) {
    if (!world_refuses()) return false;
    failed = true;
    errno = EIO;
    return true;
}

bool files_failed(void) { return failed; }

static int top(const char *path) {
    enter();
    if (strcmp(path, "/work") == 0) return work;
    CHECK(strcmp(path, "/tmp") == 0, "a file other than /work and /tmp is opened");
    return temp;
}

static mode_t kind_of(int folder, const char *name) { /* 0: nothing is there */
    struct stat found;
    return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : found.st_mode & S_IFMT;
}

static bool is_top(int folder) {
    struct stat one, other;
    CHECK(fstat(folder, &one) == 0, "a folder that is gone");
    return (fstat(work, &other) == 0 && one.st_ino == other.st_ino) || (fstat(temp, &other) == 0 && one.st_ino == other.st_ino);
}

int world_open(const char *path) { return keep(openat(top(path), ".", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

int world_mkdirat(int folder, const char *name, mode_t mode) {
    check_name(folder, name);
    return mkdirat(folder, name, mode);
}

int world_openat(int folder, const char *name, int flags, ...) {
    if (!(flags & (O_PATH | O_CREAT)) && refused()) return -1;
    if (folder == AT_FDCWD) return keep(openat(top(name), ".", flags & ~O_NOFOLLOW));
    CHECK(is_ours(folder), "a folder that init did not open");
    if (strcmp(name, ".") == 0) return keep(openat(folder, name, flags));
    if (strcmp(name, "..") == 0) CHECK(!is_top(folder), "init leaves /work");
    else check_name(folder, name);
    CHECK(flags & O_NOFOLLOW && flags & O_CLOEXEC, "a link would be followed");
    mode_t kind = kind_of(folder, name);
    bool made = flags & O_CREAT && flags & O_EXCL;
    CHECK(flags & O_PATH || made || kind == S_IFREG || kind == S_IFDIR, "what is there would be opened");
    return keep(openat(folder, name, flags, flags & O_CREAT ? 0644 : 0));
}

int world_unlinkat(int folder, const char *name, int flags) {
    check_name(folder, name);
    return refused() ? -1 : unlinkat(folder, name, flags);
}

int world_symlinkat(const char *target, int folder, const char *name) {
    check_name(folder, name);
    return symlinkat(target, folder, name);
}

ssize_t world_readlinkat(int folder, const char *name, char *to, size_t most) {
    check_name(folder, name);
    return refused() ? -1 : readlinkat(folder, name, to, most);
}

int world_renameat(int folder, const char *name, int to, const char *other) {
    check_name(folder, name);
    check_name(to, other);
    CHECK(kind_of(folder, name) == S_IFDIR && is_top(to), "something else than a folder is moved, or not to the top");
    return refused() ? -1 : renameat(folder, name, to, other);
}

int world_fchmodat(int folder, const char *name, mode_t mode) {
    if (refused()) return -1;
    if (folder == AT_FDCWD) return fchmod(top(name), mode);
    check_name(folder, name);
    CHECK(kind_of(folder, name) != S_IFLNK, "a link would be followed");
    return fchmodat(folder, name, mode, 0);
}

int world_fchmod(int fd, mode_t mode) {
    CHECK(is_ours(fd), "the mode of a closed descriptor");
    return fchmod(fd, mode);
}

int world_stat(const char *path, struct stat *found) { return fstat(top(path), found); }

int world_fstat(int fd, struct stat *found) {
    CHECK(is_ours(fd), "a look at a closed descriptor");
    return fstat(fd, found);
}

int world_fstatat(int folder, const char *name, struct stat *found, int flags) {
    world_check_kept();
    check_name(folder, name);
    CHECK(flags == AT_SYMLINK_NOFOLLOW, "a link would be followed");
    return fstatat(folder, name, found, flags);
}

int world_fstatvfs(int fd, struct statvfs *room) {
    CHECK(is_ours(fd), "a look at a closed descriptor");
    memset(room, 0, sizeof *room);
    room->f_frsize = 4096;
    room->f_blocks = world_choice() % 64;
    return 0;
}

int world_ftruncate(int fd, off_t size) {
    CHECK(is_ours(fd) && size >= 0, "a closed descriptor is cut, or below zero");
    return ftruncate(fd, size);
}

off_t world_lseek(int fd, off_t at, int from) {
    CHECK(is_ours(fd), "a seek in a closed descriptor");
    return lseek(fd, at, from);
}

DIR *world_fdopendir(int fd) {
    CHECK(is_ours(fd) && !listings[fd], "a closed descriptor is listed");
    return listings[fd] = fdopendir(fd);
}

int world_closedir(DIR *names) {
    int fd = dirfd(names);
    CHECK(is_ours(fd) && listings[fd] == names, "a listing is closed twice");
    ours[fd] = false;
    listings[fd] = NULL;
    return closedir(names);
}

ssize_t files_read(int fd, void *to, size_t most) {
    CHECK(is_ours(fd), "a read from a closed descriptor");
    return refused() ? -1 : read(fd, to, most);
}

ssize_t files_write(int fd, const void *from, size_t most) {
    CHECK(is_ours(fd), "a write to a closed descriptor");
    return write(fd, from, most);
}

int files_close(int fd) {
    CHECK(is_ours(fd) && !listings[fd], "a descriptor is closed twice");
    ours[fd] = false;
    return close(fd);
}

unsigned files_open(void) {
    unsigned count = 0;
    for (int fd = 0; touched && fd < FD_MAX; fd++) count += ours[fd];
    return count;
}

void files_end(void) {
    kept_sum = 0;
    failed = false;
    if (!touched) return;
    for (int fd = 0; fd < FD_MAX; fd++)
        if (listings[fd]) world_closedir(listings[fd]);
        else if (ours[fd]) files_close(fd);
    check_outside();
    empty(openat(work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    empty(openat(temp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    plant();
    touched = false;
}
