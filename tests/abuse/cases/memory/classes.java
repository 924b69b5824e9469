// attack: makes classes without end, outside the heap
// expect: memory_limit | runtime_error | time_limit
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
public class Main {
    public static class Filler {
        static final String kept = "x".repeat(8);
        int[] a = {1, 2, 3}; double b = 4; public String toString() { return kept + a.length + b; }
    }
    public static void main(String[] words) throws Throwable {
        byte[] code = Main.class.getResourceAsStream("Main$Filler.class").readAllBytes();
        ArrayList<Class<?>> kept = new ArrayList<>();
        for (;;) kept.add(MethodHandles.lookup().defineHiddenClass(code, true).lookupClass());
    }
}
