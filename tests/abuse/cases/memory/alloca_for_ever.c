// attack: takes its stack by the megabyte
// expect: runtime_error
// signal: SIGSEGV
// after: worker and neighbours unharmed, container gone
#include <alloca.h>
#include <string.h>
int main(void) {
    for (;;) {
        char *frame = alloca(1 << 20);
        memset(frame, 1, 1 << 20);
        __asm__ volatile("" : : "r"(frame) : "memory");
    }
}
