// attack: exits with 0, and halts with 7 in a shutdown hook
// expect: runtime_error
// exit: 7
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(7)));
        System.exit(0);
    }
}
