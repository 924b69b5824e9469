use std::io::{stdin, BufRead};

fn main() {
    for line in stdin().lock().lines().map(Result::unwrap) {
        println!("{} {}", line.chars().rev().collect::<String>(), line.chars().count());
    }
}
