// attack: floods stdout by the megabyte
// expect: output_limit
// evidence: stdout
// truncated: true
// after: worker and neighbours unharmed, container gone
#include <string.h>
#include <unistd.h>
int main(void) {
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (;;) write(1, block, sizeof block);
}
