// attack: closes its streams, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        System.in.close();
        System.out.close();
        System.err.close();
        Runtime.getRuntime().halt(3);
    }
}
