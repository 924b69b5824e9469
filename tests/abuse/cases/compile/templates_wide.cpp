// attack: instantiates 2^40 templates
// expect: time_limit | memory_limit | compile_error
// how: ^compile
// after: worker and neighbours unharmed, container gone
template <int N, class A> struct Left;
template <int N, class A> struct Right;
template <int N, class A> struct Wide {
    static constexpr long value = Wide<N - 1, Left<N, A>>::value + Wide<N - 1, Right<N, A>>::value;
};
template <class A> struct Wide<0, A> {
    static constexpr long value = 1;
};
int main() { return Wide<40, int>::value > 1; }
