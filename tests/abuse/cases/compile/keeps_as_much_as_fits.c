// attack: makes a program that nearly fills the work directory, and touches it in tests
// expect: ok | memory_limit | compile_error
// tests: [{}, {}, {}]
// after: worker and neighbours unharmed, container gone
#include <string.h>
char much[15 << 20] = {1};
int main(void) {
    memset(much, 2, sizeof much);
    return much[1] - 2;
}
