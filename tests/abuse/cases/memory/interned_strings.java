// attack: interns strings without end
// expect: memory_limit | runtime_error | time_limit
// limits: {"cpuSeconds": 3, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.util.ArrayList;
public class Main {
    public static void main(String[] words) {
        ArrayList<String> kept = new ArrayList<>();
        for (long n = 0; ; n++) kept.add(("interned " + n).repeat(20).intern());
    }
}
