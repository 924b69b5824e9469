// attack: makes objects whose finalizers make objects
// expect: memory_limit | runtime_error | time_limit
// limits: {"cpuSeconds": 3, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
public class Main {
    byte[] weight = new byte[1000];
    @Override protected void finalize() { new Main(); new Main(); }
    public static void main(String[] words) {
        for (;;) new Main();
    }
}
