// attack: instantiates a function with types that double
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
fn double<T>(value: fn(T), n: u32) {
    if n > 0 {
        double::<(T, T)>(|_| {}, n - 1)
    }
    let _ = value;
}
fn main() {
    double::<u8>(|_| {}, 3);
}
