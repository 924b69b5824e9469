// attack: locks itself out with two threads
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 2.5}
// evidence: wall
// after: worker and neighbours unharmed, container gone
public class Main {
    static final Object one = new Object(), other = new Object();
    static void both(Object first, Object second) {
        for (;;) synchronized (first) { synchronized (second) { Thread.yield(); } }
    }
    public static void main(String[] words) throws Exception {
        synchronized (other) {
            Thread thread = new Thread(() -> both(one, other));
            thread.start();
            while (thread.getState() != Thread.State.BLOCKED) Thread.sleep(1);
            both(one, other);
        }
    }
}
