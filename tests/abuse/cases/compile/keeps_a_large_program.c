// attack: makes a program of 8 MiB and runs it in tests with the least memory there is
// expect: ok | memory_limit | compile_error
// tests: [{}, {}]
// limits: {"memoryBytes": 16777216}
// after: worker and neighbours unharmed, container gone
char much[8 << 20] = {1};
int main(void) { return much[1]; }
