// attack: is a program that has 2 TiB of zeros, which costs no file
// expect: runtime_error | memory_limit | ok
// after: worker and neighbours unharmed, container gone
static char zeros[1L << 41];
int main(void) { return zeros[0]; }
