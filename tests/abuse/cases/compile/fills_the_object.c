// attack: fills the object file with 4 GiB
// expect: compile_error | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
__asm__(".data\n.fill 1073741824, 4, 1\n.text");
int main(void) { return 0; }
