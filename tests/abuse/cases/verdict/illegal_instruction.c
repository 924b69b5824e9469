// attack: runs an instruction that is none
// expect: runtime_error
// signal: SIGILL
// after: worker and neighbours unharmed, container gone
int main(void) { __builtin_trap(); }
