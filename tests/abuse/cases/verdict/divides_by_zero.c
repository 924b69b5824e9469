// attack: divides by zero
// expect: runtime_error
// signal: SIGFPE
// machine: x86_64
// after: worker and neighbours unharmed, container gone
int main(int count, char **words) {
    (void)words;
    volatile int zero = count - 1;
    return 100 / zero;
}
