// attack: catches its want of memory and tries again, for ever
// expect: time_limit | memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.util.ArrayList;
public class Main {
    static Object[] last;
    public static void main(String[] words) {
        for (;;)
            try {
                Object[] next = new Object[100_000];
                next[0] = last;
                last = next;
            } catch (OutOfMemoryError error) {
                try { last = new Object[] {last, error.toString()}; } catch (OutOfMemoryError again) { }
            }
    }
}
