// attack: grows its heap by one MiB at a time
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.util.ArrayList;
public class Main {
    public static void main(String[] words) {
        ArrayList<byte[]> kept = new ArrayList<>();
        for (;;) kept.add(new byte[1 << 20]);
    }
}
