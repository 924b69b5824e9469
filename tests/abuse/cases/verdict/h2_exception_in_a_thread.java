// attack: throws in a thread that is not main
// expect: ok
// stderr: IllegalStateException: oops
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        new Thread(() -> { throw new IllegalStateException("oops"); }).start();
    }
}
