// attack: reads its input until there is no more, then once more
// expect: ok
// stdout: ^100000 0$
// stdin: 100000
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <unistd.h>
int main(void) {
    long read_bytes = 0, got;
    char block[4096];
    while ((got = read(0, block, sizeof block)) > 0) read_bytes += got;
    printf("%ld %ld\n", read_bytes, (long)read(0, block, sizeof block));
}
