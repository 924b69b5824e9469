// attack: compiles well, to a library where the program should be
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
#![crate_type = "lib"]
pub fn main() {}
