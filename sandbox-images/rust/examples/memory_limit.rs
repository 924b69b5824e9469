fn main() {
    let mut numbers = Vec::new();
    for number in 0u64.. {
        numbers.push(number);
    }
    println!("{}", numbers.len());
}
