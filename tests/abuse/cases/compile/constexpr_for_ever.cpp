// attack: evaluates loops in loops at compile time
// expect: compile_error | time_limit | memory_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
constexpr long spin() {
    long n = 0;
    for (long i = 0; i < 200000; i++)
        for (long j = 0; j < 200000; j++) n += i ^ j;
    return n;
}
constexpr long spun = spin();
int main() { return spun; }
