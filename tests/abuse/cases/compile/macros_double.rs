// attack: has a macro call itself with twice as many words
// expect: memory_limit | compile_error | time_limit | output_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
#![recursion_limit = "1000000"]
macro_rules! double {
    ($($word:tt)*) => { double!($($word)* $($word)*) };
}
fn main() {
    double!(1);
}
