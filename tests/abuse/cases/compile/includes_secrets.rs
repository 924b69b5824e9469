// attack: includes the environment of its compiler and files of the image
// expect: ok
// stdout: ^\[\] None$
// after: worker and neighbours unharmed, container gone
fn main() {
    let environment = include_bytes!("/proc/self/environ");
    let text = String::from_utf8_lossy(environment).to_lowercase();
    let words: Vec<_> = ["redis", "docker", "token", "secret", "sandfleet"].into_iter().filter(|word| text.contains(word)).collect();
    println!("{words:?} {:?}", option_env!("SANDFLEET_REDIS_URL"));
}
