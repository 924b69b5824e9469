// attack: makes a sparse file of 1 PiB
// expect: runtime_error
// signal: SIGXFSZ
// after: worker and neighbours unharmed, container gone
#include <fcntl.h>
#include <unistd.h>
int main(void) {
    ftruncate(open("/work/x", O_RDWR | O_CREAT, 0600), 1L << 50);
    return 9;
}
