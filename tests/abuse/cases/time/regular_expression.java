// attack: matches a regular expression that takes exponential time
// expect: time_limit
// limits: {"cpuSeconds": 1.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        System.out.println(("a".repeat(40) + "!").matches("((a|a?)+)+(b|\\2c)"));
    }
}
