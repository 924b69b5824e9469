// attack: ends before main begins
// expect: runtime_error
// exit: 8
// stdout: ^first$
// after: worker and neighbours unharmed, container gone
#include <unistd.h>
__attribute__((constructor)) static void first(void) {
    write(1, "first", 5);
    _exit(8);
}
int main(void) { return 0; }
