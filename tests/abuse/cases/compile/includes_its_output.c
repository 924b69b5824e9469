// attack: includes the pipe that its compiler writes messages to, and waits for them
// expect: time_limit | compile_error
// how: ^compile
// after: worker and neighbours unharmed, container gone
#include "/proc/self/fd/2"
int main(void) { return 0; }
