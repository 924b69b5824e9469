// attack: has thirty threads exit at once, each with a code of its own
// expect: runtime_error
// after: worker and neighbours unharmed, container gone
import java.util.concurrent.CountDownLatch;
public class Main {
    public static void main(String[] words) {
        var ready = new CountDownLatch(30);
        for (int n = 1; n <= 30; n++) {
            int code = n;
            new Thread(() -> {
                ready.countDown();
                try { ready.await(); } catch (InterruptedException error) { }
                System.exit(code);
            }).start();
        }
    }
}
