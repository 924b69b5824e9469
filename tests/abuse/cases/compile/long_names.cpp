// attack: makes a mistake with a type whose name has 2^40 characters
// expect: compile_error | time_limit | memory_limit | output_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
template <class A, class B> struct P {
    using twice = P<P<A, B>, P<B, A>>;
};
using P4 = P<int, long>::twice::twice::twice::twice;
using P8 = P4::twice::twice::twice::twice;
using P24 = P8::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice::twice;
int main() { return P24::nothing; }
