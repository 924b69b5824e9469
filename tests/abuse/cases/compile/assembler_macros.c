// attack: has the assembler expand macros that call themselves
// expect: memory_limit | compile_error | time_limit | output_limit
// after: worker and neighbours unharmed, container gone
__asm__(".macro m\nm\nm\n.endm\nm");
int main(void) { return 0; }
