// attack: exits, with a shutdown hook that never ends and handlers for the signals
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 2.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        for (String name : new String[] {"TERM", "INT", "HUP"}) sun.misc.Signal.handle(new sun.misc.Signal(name), signal -> {});
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            for (;;) try { Thread.sleep(1000); } catch (InterruptedException error) { }
        }));
        System.exit(0);
    }
}
