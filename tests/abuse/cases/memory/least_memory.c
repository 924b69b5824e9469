// attack: asks for the least memory there is and uses a little: the limit of the compile stage is over
// expect: ok
// stdout: ^fits$
// limits: {"memoryBytes": 16777216}
// after: worker and neighbours unharmed, container gone
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    char *some = malloc(4 << 20);
    memset(some, 1, 4 << 20);
    puts(some[rand() & 0xffff] == 1 ? "fits" : "odd");
}
