// attack: has a macro call itself without end
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
#![recursion_limit = "4000000000"]
macro_rules! again {
    () => { again!() };
}
fn main() {
    again!();
}
