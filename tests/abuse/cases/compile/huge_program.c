// attack: makes a program of 2 GiB
// expect: compile_error | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
int all[1 << 29] = {1};
int main(void) { return all[12345]; }
