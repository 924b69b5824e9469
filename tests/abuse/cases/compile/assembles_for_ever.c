// attack: has the assembler repeat what it repeats
// expect: memory_limit | compile_error | time_limit
// how: ^compile
// after: worker and neighbours unharmed, container gone
__asm__(".rept 1000000000\n.quad 1\n.endr");
int main(void) { return 0; }
