// attack: makes its output asynchronous, non-blocking, huge, and the business of init, then floods it
// expect: output_limit
// evidence: stdout
// after: worker and neighbours unharmed, container gone
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
int main(void) {
    static char block[1 << 16];
    for (int stream = 0; stream < 3; stream++) {
        fcntl(stream, F_SETOWN, 1);
        fcntl(stream, F_SETSIG, SIGKILL);
        fcntl(stream, F_SETFL, O_NONBLOCK | O_ASYNC | O_DIRECT);
        fcntl(stream, F_SETPIPE_SZ, 1 << 20);
    }
    for (;;) write(1, block, sizeof block);
}
