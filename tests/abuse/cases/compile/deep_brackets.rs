// attack: nests brackets ten thousand deep
// expect: compile_error | ok | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
#![allow(unused_parens)]
fn main() {
    let _ = ⟪10000*(⟫0⟪10000*)⟫;
}
