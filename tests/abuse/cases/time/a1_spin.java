// attack: spins for ever, having printed something
// expect: time_limit
// limits: {"cpuSeconds": 1.5, "wallSeconds": 30}
// stdout: ^before$
// evidence: cpu
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        System.out.println("before");
        for (long n = 0; ; n++) if (n < 0) n = 0;
    }
}
