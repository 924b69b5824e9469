// attack: includes a file without end
// expect: memory_limit | compile_error | time_limit
// how: ^compile
// after: worker and neighbours unharmed, container gone
static ALL: &[u8] = include_bytes!("/dev/zero");
fn main() {
    println!("{}", ALL.len());
}
