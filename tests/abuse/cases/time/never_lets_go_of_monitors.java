// attack: leaves threads that are no daemons behind when main returns
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 2.5}
// evidence: wall
// stdout: ^main is over$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        new Thread(() -> { synchronized (Main.class) { try { for (;;) Main.class.wait(); } catch (InterruptedException error) { } } }).start();
        System.out.println("main is over");
    }
}
