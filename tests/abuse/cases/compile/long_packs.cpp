// attack: unpacks a pack of 10^8 types
// expect: compile_error | time_limit | memory_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
#include <utility>
template <class> struct Sum;
template <unsigned long... N> struct Sum<std::index_sequence<N...>> {
    static constexpr unsigned long value = (N + ... + 0);
};
int main() { return Sum<std::make_index_sequence<100'000'000>>::value; }
