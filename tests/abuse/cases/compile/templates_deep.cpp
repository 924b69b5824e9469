// attack: instantiates templates without end
// expect: compile_error
// compile_stderr: depth
// after: worker and neighbours unharmed, container gone
template <int N> struct Deep {
    static constexpr int value = Deep<N + 1>::value;
};
int main() { return Deep<0>::value; }
