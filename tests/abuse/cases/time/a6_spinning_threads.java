// attack: spins in every thread of the common pool and twenty more
// expect: time_limit
// limits: {"cpuSeconds": 1.5, "wallSeconds": 30}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
import java.util.stream.IntStream;
public class Main {
    static volatile long n;
    static void spin() { for (;;) n++; }
    public static void main(String[] words) {
        for (int i = 0; i < 20; i++) new Thread(Main::spin).start();
        IntStream.range(0, 1000).parallel().forEach(i -> spin());
    }
}
