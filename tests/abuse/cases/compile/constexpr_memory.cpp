// attack: makes an array of 10^8 elements at compile time
// expect: compile_error | time_limit | memory_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
#include <array>
template <unsigned long N> struct Many {
    std::array<long, N> all{};
    constexpr Many() {
        for (auto &one : all) one = 1;
    }
};
constexpr Many<100'000'000> many;
int main() { return many.all[7]; }
