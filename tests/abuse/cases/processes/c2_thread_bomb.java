// attack: starts threads for ever
// expect: runtime_error | memory_limit | ok
// limits: {"cpuSeconds": 5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        try {
            for (;;) {
                Thread thread = new Thread(() -> { try { Thread.sleep(1_000_000); } catch (InterruptedException error) { } });
                thread.setDaemon(true);
                thread.start();
            }
        } catch (OutOfMemoryError error) {
            Runtime.getRuntime().halt(0);
        }
    }
}
