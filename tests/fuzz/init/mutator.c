/* Mutations that know what a frame is: most bytes of a wrong length would never get beyond the header. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);

enum { HEADER_BYTES = 8, FRAMES_MAX = 64 };

static unsigned next(unsigned *seed) { return (*seed = *seed * 1103515245u + 12345u) >> 16; }
static size_t length_of(const uint8_t *frame) {
    return (size_t)frame[4] << 24 | (size_t)frame[5] << 16 | (size_t)frame[6] << 8 | frame[7];
}

static void set_length(uint8_t *frame, size_t length) {
    for (int i = 0; i < 4; i++) frame[7 - i] = (uint8_t)(length >> (8 * i));
}

/* Where each frame begins; the last entry is the end of the last whole one. */
static unsigned find_frames(const uint8_t *data, size_t at, size_t size, size_t *begins) {
    unsigned count = 0;
    for (; count < FRAMES_MAX; count++) {
        begins[count] = at;
        if (size - at < HEADER_BYTES || length_of(data + at) > size - at - HEADER_BYTES) break;
        at += HEADER_BYTES + length_of(data + at);
    }
    begins[count] = at;
    return count;
}

/* Change the payload from `from` on, and the frame's length with it. */
static size_t change(uint8_t *data, size_t size, size_t most, size_t begin, size_t end, size_t from) {
    static uint8_t rest[1 << 16];
    size_t after = size - end, room = most - after - from;
    if (after > sizeof rest || from > end) return 0;
    memcpy(rest, data + end, after);
    size_t changed = LLVMFuzzerMutate(data + from, end - from, room);
    memcpy(data + from + changed, rest, after);
    set_length(data + begin, from - begin - HEADER_BYTES + changed);
    return from + changed + after;
}

static size_t repeat(uint8_t *data, size_t size, size_t most, size_t begin, size_t end, size_t to) {
    static uint8_t frame[1 << 16];
    size_t bytes = end - begin;
    if (bytes > sizeof frame || size + bytes > most) return 0;
    memcpy(frame, data + begin, bytes);
    memmove(data + to + bytes, data + to, size - to);
    memcpy(data + to, frame, bytes);
    return size + bytes;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    size_t begins[FRAMES_MAX + 1], made = 0;
    size_t script_end = size ? 1 + (size_t)data[0] : 0;
    unsigned count = size && script_end < size ? find_frames(data, script_end, size, begins) : 0;
    if (count == 0 || next(&seed) % 3 == 0) return LLVMFuzzerMutate(data, size, most);
    unsigned one = next(&seed) % count;
    size_t begin = begins[one], end = begins[one + 1], words = begin + HEADER_BYTES + 24;
    switch (next(&seed) % 6) {
    case 0: /* the script, which keeps its length */
        if (script_end > 1) LLVMFuzzerMutate(data + 1, script_end - 1, script_end - 1);
        return size;
    case 1: made = repeat(data, size, most, begin, end, begins[next(&seed) % (count + 1)]); break;
    case 2:
        memmove(data + begin, data + end, size - end);
        return size - (end - begin);
    case 3: made = words < end ? change(data, size, most, begin, end, words) : 0; break;
    default: made = end > begin + HEADER_BYTES ? change(data, size, most, begin, end, begin + HEADER_BYTES) : 0;
    }
    return made ? made : LLVMFuzzerMutate(data, size, most);
}
