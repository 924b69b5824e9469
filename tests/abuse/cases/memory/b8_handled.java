// attack: is refused memory and carries on
// expect: ok
// stdout: ^handled$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        try {
            long[] all = new long[Integer.MAX_VALUE - 8];
            System.out.println(all.length);
        } catch (OutOfMemoryError error) {
            System.out.println("handled");
        }
    }
}
