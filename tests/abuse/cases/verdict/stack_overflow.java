// attack: overflows its stack
// expect: runtime_error
// exit: 1
// stderr: StackOverflowError
// after: worker and neighbours unharmed, container gone
public class Main {
    static long down(long n) { return down(n + 1) + 1; }
    public static void main(String[] words) {
        System.out.println(down(0));
    }
}
