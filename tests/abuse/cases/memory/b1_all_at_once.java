// attack: allocates the largest arrays there are
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        long[][] kept = new long[100][];
        for (int n = 0; n < kept.length; n++) {
            kept[n] = new long[Integer.MAX_VALUE - 8];
            java.util.Arrays.fill(kept[n], 1);
        }
    }
}
