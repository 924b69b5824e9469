// attack: starts virtual machines that start virtual machines
// expect: runtime_error | time_limit | memory_limit | ok
// limits: {"cpuSeconds": 4, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        String java = ProcessHandle.current().info().command().get();
        for (;;) new ProcessBuilder(java, "-Xmx16m", "-cp", "/work", "Main").inheritIO().start();
    }
}
