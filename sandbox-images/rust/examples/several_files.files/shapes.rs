pub fn area(radius: f64) -> f64 {
    3.0 * radius * radius
}
