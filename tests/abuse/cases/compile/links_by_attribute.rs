// attack: asks for libraries and linker words from inside the source
// expect: compile_error
// after: worker and neighbours unharmed, container gone
#[link(name = "../../etc/shadow", kind = "static")]
#[link(name = "x -Wl,-T,/etc/shadow")]
extern "C" {
    fn nothing();
}
fn main() {
    unsafe { nothing() }
}
