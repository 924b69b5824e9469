// attack: takes a file without end for a module
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
#[path = "/dev/zero"]
mod zeros;
fn main() {}
