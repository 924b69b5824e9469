// attack: floods both streams by writes of a thousand pieces each
// expect: output_limit
// after: worker and neighbours unharmed, container gone
#include <sys/uio.h>
int main(void) {
    static char block[4096] = "xyz";
    struct iovec pieces[1000];
    for (int n = 0; n < 1000; n++) pieces[n] = (struct iovec){block, sizeof block};
    for (;;) {
        writev(2, pieces, 1000);
        writev(1, pieces, 1000);
    }
}
