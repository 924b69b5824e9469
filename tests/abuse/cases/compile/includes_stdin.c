// attack: includes the standard input of its compiler, and what its descriptors are
// expect: ok | compile_error
// stdout: ^(ran)?$
// after: worker and neighbours unharmed, container gone
#include "/dev/stdin"
#include "/proc/self/fd/0"
int puts(const char *);
int main(void) { puts("ran"); }
