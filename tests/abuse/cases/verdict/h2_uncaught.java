// attack: throws
// expect: runtime_error
// exit: 1
// stderr: IllegalStateException: oops
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        throw new IllegalStateException("oops");
    }
}
