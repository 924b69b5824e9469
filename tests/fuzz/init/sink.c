/* What init says to the worker, held to the protocol byte by byte. See harness.c. */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

#include "files.h"
#include "sink.h"
#include "world.h"

enum { READY = 16, STDOUT, STDERR, END, ERROR, KEPT, DATA, FETCHED, WIPED };
enum { KEEP = 4, WIPE = 5, FETCH = 6 };
#define CHUNK_MAX (64u << 10)
#define PATTERN 251

static struct {
    unsigned char header[8], payload[64];
    size_t have, size;
    bool ready, over;
    bool staged; /* a stage began and its END has not come */
    uint32_t caps[2];
    uint64_t sent[2], fetched;
    size_t answered_at; /* how much of the worker's bytes the last frame that got its answer ended with */
} sink;

static uint64_t number(const unsigned char *p, int bytes) {
    uint64_t value = 0;
    while (bytes--) value = value << 8 | *p++;
    return value;
}

void sink_begin(void) { memset(&sink, 0, sizeof sink); }

void sink_stage(const uint32_t caps[2]) {
    CHECK(!sink.staged, "a stage began before the END of the last was taken");
    sink.staged = true;
    memcpy(sink.caps, caps, sizeof sink.caps);
}

/* No part of the pattern looks like another that is near, and stdout's is never in step with stderr's. */
const unsigned char *sink_output(int which, size_t at) {
    static unsigned char pattern[PATTERN + CHUNK_MAX];
    if (!pattern[1])
        for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (unsigned char)(i % PATTERN);
    return pattern + (at + (which ? 100 : 0)) % PATTERN;
}

/* What is fetched, as it was asked for: the most bytes; the path in PATH. */
static uint64_t fetch_asked(char path[1025]) {
    const unsigned char *asked;
    size_t size;
    CHECK(world_frame(&asked, &size) == FETCH && size >= 6, "a file that nobody asked for");
    size_t length = number(asked + 4, 2);
    CHECK(length + 6 == size && length <= 1024, "a file is sent for a frame that is wrong");
    memcpy(path, asked + 6, length);
    path[length] = 0;
    return number(asked, 4);
}

static void check_answer(unsigned type) {
    static const unsigned asked[] = {KEEP, FETCH, FETCH, WIPE};
    const unsigned char *payload;
    size_t size;
    CHECK(!sink.staged, "an answer from between stages within one");
    CHECK(world_frame(&payload, &size) == asked[type - KEPT], "an answer that nobody asked for");
    CHECK(world_read_so_far() != sink.answered_at, "a second answer");
    if (type != DATA) sink.answered_at = world_read_so_far();
}

static void check_header(void) {
    unsigned type = sink.header[1];
    sink.size = number(sink.header + 4, 4);
    CHECK(sink.header[0] == 1 && sink.header[2] == 0 && sink.header[3] == 0, "not a frame");
    CHECK(type >= READY && type <= WIPED, "a frame of no known type");
    CHECK(!sink.over, "a frame after ERROR");
    CHECK(type == ERROR || (type == READY) == !sink.ready, "READY is not the first frame, or came twice");
    CHECK(type == READY || type >= ERROR || sink.staged, "a frame of a stage outside of any");
    if (type >= KEPT) check_answer(type);
    static const size_t least[] = {4, 1, 1, 56, 0, 16, 1, 12, 8};
    static const size_t most[] = {4, CHUNK_MAX, CHUNK_MAX, 56, 1024, 16, CHUNK_MAX, 12, 8};
    CHECK(sink.size >= least[type - READY] && sink.size <= most[type - READY], "a frame of a wrong size");
}

static void check_end(void) {
    const unsigned char *end = sink.payload;
    static const uint64_t code_min[] = {0, 1, 1}, code_max[] = {255, 64, 4095};
    CHECK(end[0] <= 2 && end[1] <= 4 && end[2] == 0 && end[3] == 0, "END says nothing known");
    uint64_t code = number(end + 4, 4);
    CHECK(code >= code_min[end[0]] && code <= code_max[end[0]], "END has a code that cannot be");
    for (int i = 0; i < 2; i++) {
        uint64_t counted = number(end + 32 + 8 * i, 8), cap = sink.caps[i];
        CHECK(counted <= cap + 1, "END counts beyond the byte that passes the cap");
        CHECK((counted < cap ? counted : cap) == sink.sent[i], "END counts what was not sent");
    }
    sink.staged = false;
    memset(sink.sent, 0, sizeof sink.sent);
}

static void check_output(int which, const unsigned char *bytes, size_t size) {
    CHECK(memcmp(bytes, sink_output(which, sink.sent[which]), size) == 0, "output is changed, or of the other stream");
    sink.sent[which] += size;
    CHECK(sink.sent[which] <= sink.caps[which], "more output than its cap");
}

static void check_data(const unsigned char *bytes, size_t size) {
    char path[1025];
    uint64_t most = fetch_asked(path);
    CHECK(sink.fetched + size <= most, "more of a file than was asked for");
    CHECK(files_hold(path, sink.fetched, bytes, size), "a file is sent that is not what it was");
    sink.fetched += size;
}

static void check_fetched(void) {
    char path[1025];
    uint64_t most = fetch_asked(path), size = number(sink.payload + 4, 8), came = sink.fetched, real;
    unsigned how = sink.payload[0];
    bool plain = files_find(path, &real);
    CHECK(number(sink.payload, 4) << 8 == (uint64_t)how << 32 && how <= 3, "FETCHED says nothing known");
    if (plain && how == 2 && files_failed()) plain = false;
    CHECK((how == 0 || how == 3) == plain, "a file that is there is not sent, or one that is not");
    CHECK(!plain || size == real, "FETCHED has not the size of the file");
    CHECK(how == 0 ? came == size : how == 3 ? came == most && most < size : came == 0 && size == 0, "a part of a file");
    sink.fetched = 0;
}

static void check_kept(void) {
    const unsigned char *kept = sink.payload;
    CHECK(kept[0] <= 1 && number(kept + 1, 3) == 0, "KEPT says nothing known");
    CHECK(kept[0] || (number(kept + 4, 4) == 0 && number(kept + 8, 8) == 0), "KEPT counts what is not kept");
    files_were_kept(kept[0]);
}

static void frame_is_whole(void) {
    if (sink.header[1] == READY) sink.ready = true;
    if (sink.header[1] == END) check_end();
    if (sink.header[1] == ERROR) sink.over = true;
    if (sink.header[1] == KEPT) check_kept();
    if (sink.header[1] == FETCHED) check_fetched();
    if (sink.header[1] == WIPED) files_were_wiped();
    sink.have = 0;
}

void sink_take(const unsigned char *bytes, size_t size) {
    while (size > 0) {
        if (sink.have < sizeof sink.header) {
            sink.header[sink.have++] = *bytes++;
            size--;
            if (sink.have < sizeof sink.header) continue;
            check_header();
            if (sink.size == 0) frame_is_whole();
            continue;
        }
        size_t at = sink.have - sizeof sink.header, left = sink.size - at, n = size < left ? size : left;
        if (sink.header[1] == STDOUT || sink.header[1] == STDERR) check_output(sink.header[1] == STDERR, bytes, n);
        if (sink.header[1] == DATA) check_data(bytes, n);
        for (size_t i = 0; i < n && at + i < sizeof sink.payload; i++) sink.payload[at + i] = bytes[i];
        sink.have += n;
        bytes += n;
        size -= n;
        if (at + n == sink.size) frame_is_whole();
    }
}

static const uint8_t *same_word(const char *word, const uint8_t *p, const uint8_t *end) {
    CHECK(end - p >= 4 && word, "a word too many, or too few");
    size_t length = number(p, 4);
    CHECK(length <= (size_t)(end - p) - 4, "a word that is cut off was taken");
    CHECK(strlen(word) == length && memcmp(word, p + 4, length) == 0, "not the word that was sent");
    return p + 4 + length;
}

static bool has_name(const uint8_t *p, const uint8_t *end, uint64_t words, const char *name) {
    for (; words > 0; words--) {
        CHECK(end - p >= 4 && number(p, 4) <= (size_t)(end - p) - 4, "a word that is cut off was taken");
        if (number(p, 4) >= 5 && memcmp(p + 4, name, 5) == 0) return true;
        p += 4 + number(p, 4);
    }
    return false;
}

void sink_words(char **argv, char **env, const uint8_t *bytes, size_t end_at) {
    size_t size = world_stage_bytes();
    CHECK(size >= 24 && size <= end_at, "a stage larger than what was sent");
    const uint8_t *p = bytes + end_at - size, *end = bytes + end_at;
    uint64_t argc = number(p + 20, 2), envc = number(p + 22, 2);
    CHECK(argc >= 1 && argc <= 256 && envc <= 256, "too many words");
    bool hooked = p[0] & 1 && envc == 0; /* the warm command's environment, if it is the same command */
    for (p += 24; argc > 0; argc--) p = same_word(*argv++, p, end);
    CHECK(!*argv, "a word nobody sent");
    static const char *const ours[] = {"PATH=", "HOME=", "LANG="}; /* unless a word of the stage takes its place */
    for (int i = 0; i < 3; i++)
        if (!has_name(p, end, envc, ours[i])) CHECK(*env && strncmp(*env++, ours[i], 5) == 0, "PATH, HOME or LANG is missing");
    for (; envc > 0; envc--) p = same_word(*env++, p, end);
    CHECK(!*env || hooked, "a variable nobody sent");
}
