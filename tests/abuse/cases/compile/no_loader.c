// attack: compiles well, to a program whose loader has no proper name
// expect: runtime_error
// compile_exit: 0
// after: worker and neighbours unharmed, container gone
const char loader[] __attribute__((section(".interp"))) = {'x'}; /* not ended by NUL */
int main(void) { return 0; }
