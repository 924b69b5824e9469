// attack: spins in every thread it may have
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
fn main() {
    for _ in 0..20 {
        std::thread::spawn(|| loop {
            std::hint::spin_loop()
        });
    }
    loop {
        std::hint::spin_loop()
    }
}
