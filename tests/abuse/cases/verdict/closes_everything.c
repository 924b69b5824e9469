// attack: closes all descriptors, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <unistd.h>
int main(void) {
    close_range(0, ~0u, 0);
    _exit(3);
}
