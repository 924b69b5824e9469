// attack: includes a file without end
// expect: memory_limit | compile_error | time_limit
// how: ^compile
// after: worker and neighbours unharmed, container gone
#include "/dev/zero"
int main(void) { return 0; }
