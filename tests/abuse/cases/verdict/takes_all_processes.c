// attack: takes every process there may be, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
#include <unistd.h>
int main(void) {
    for (int child; (child = fork()) >= 0;)
        if (child == 0) pause();
    return 3;
}
