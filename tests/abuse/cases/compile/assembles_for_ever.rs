// attack: has the assembler repeat what it repeats
// expect: memory_limit | compile_error | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
std::arch::global_asm!(".rept 1000000000", ".quad 1", ".endr");
fn main() {}
