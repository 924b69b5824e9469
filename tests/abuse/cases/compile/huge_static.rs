// attack: makes a program of 4 GiB
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
static ALL: [u8; 1 << 32] = [1; 1 << 32];
fn main() {
    println!("{}", ALL[std::env::args().count()]);
}
