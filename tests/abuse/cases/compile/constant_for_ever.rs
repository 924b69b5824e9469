// attack: computes a constant without end
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
const fn spin() -> u64 {
    let mut n = 0u64;
    loop {
        n = n.wrapping_add(1);
        if n == u64::MAX {
            return n;
        }
    }
}
const SPUN: u64 = spin();
fn main() {
    println!("{SPUN}");
}
