// attack: brings settings, libraries and a build script of its own
// expect: ok
// stdout: ^honest$
// after: worker and neighbours unharmed, container gone
fn main() {
    println!("honest");
}
//--- build.rs
fn main() { loop {} }
//--- Cargo.toml
[package]
name = "evil"
version = "1.0.0"
build = "build.rs"
//--- .cargo/config.toml
[build]
rustc-wrapper = "/work/evil"
//--- rust-toolchain
nightly-1999-01-01
//--- libstd.rlib
not a library
//--- lib.rmeta
not a library
//--- main
cheated
