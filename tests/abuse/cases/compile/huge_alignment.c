// attack: aligns a byte to 256 MiB, so that the program is mostly holes
// expect: ok | compile_error | runtime_error | memory_limit
// after: worker and neighbours unharmed, container gone
char aligned[1] __attribute__((aligned(1 << 28))) = {1};
int main(void) { return 0; }
