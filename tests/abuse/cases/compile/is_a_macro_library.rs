// attack: compiles well, to a shared library where the program should be
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
#![crate_type = "cdylib"]
#[no_mangle]
pub extern "C" fn nothing() {}
