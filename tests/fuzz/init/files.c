/* The files that init writes: below a folder of their own, and nowhere else. See harness.c.
 *
 * /work holds what an earlier program may have left: a link to a folder outside, a link to a file outside, a FIFO, a
 * folder and a file. Outside is one file, which must stay alone and unchanged.
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
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "world.h"

#define FD_MAX 256
#define CANARY "canary"

static bool ours[FD_MAX];
static int work = -1, outside = -1;
static bool touched;
static char home[256];

static void empty(int folder) { /* takes the descriptor */
    DIR *listing = fdopendir(folder);
    CHECK(listing, "a folder cannot be read");
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (unlinkat(dirfd(listing), entry->d_name, 0) == 0) continue;
        int below = openat(dirfd(listing), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
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
                   mkfifoat(work, "fifo", 0644) == 0 && mkdirat(work, "folder", 0755) == 0;
    CHECK(planted, "no place for files");
    put_file(work, "file");
}

static void leave(void) {
    empty(work);
    empty(outside);
    char path[300];
    static const char *const parts[] = {"/work", "/outside", ""};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", home, parts[i]);
        rmdir(path);
    }
}

static void enter(void) {
    if (work >= 0) return;
    const char *where = getenv("TMPDIR");
    char path[300];
    snprintf(home, sizeof home, "%s/fuzz-init-XXXXXX", where && strlen(where) < 200 ? where : "/tmp");
    CHECK(mkdtemp(home), "no place for files");
    snprintf(path, sizeof path, "%s/work", home);
    CHECK(mkdir(path, 0755) == 0 && (work = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, "no place for files");
    snprintf(path, sizeof path, "%s/outside", home);
    CHECK(mkdir(path, 0755) == 0 && (outside = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, "no place for files");
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

int world_open(const char *path) {
    CHECK(strcmp(path, "/work") == 0, "a file other than /work is opened");
    enter();
    touched = true;
    return keep(openat(work, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int world_mkdirat(int folder, const char *name, mode_t mode) {
    check_name(folder, name);
    return mkdirat(folder, name, mode);
}

int world_openat(int folder, const char *name, int flags, ...) {
    check_name(folder, name);
    CHECK(flags & O_NOFOLLOW && flags & O_CLOEXEC, "a link would be followed");
    CHECK(flags & O_PATH || (flags & O_CREAT && flags & O_EXCL), "what is there would be opened");
    return keep(openat(folder, name, flags, 0644));
}

int world_unlinkat(int folder, const char *name, int flags) {
    check_name(folder, name);
    return unlinkat(folder, name, flags);
}

ssize_t files_write(int fd, const void *from, size_t most) {
    CHECK(is_ours(fd), "a write to a closed descriptor");
    return write(fd, from, most);
}

int files_close(int fd) {
    CHECK(is_ours(fd), "a descriptor is closed twice");
    ours[fd] = false;
    return close(fd);
}

unsigned files_open(void) {
    unsigned count = 0;
    for (int fd = 0; touched && fd < FD_MAX; fd++) count += ours[fd];
    return count;
}

void files_end(void) {
    if (!touched) return;
    for (int fd = 0; fd < FD_MAX; fd++)
        if (ours[fd]) files_close(fd);
    check_outside();
    empty(openat(work, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    plant();
    touched = false;
}
