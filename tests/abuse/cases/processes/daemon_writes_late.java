// attack: ends, while a process of its own goes on writing to its output
// expect: ok
// stdout: ^over$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        if (words.length > 0) {
            Thread.sleep(8000);
            for (;;) System.out.println("late");
        }
        String java = ProcessHandle.current().info().command().get();
        new ProcessBuilder(java, "-Xmx16m", "-cp", "/work", "Main", "late").inheritIO().start();
        System.out.println("over");
    }
}
