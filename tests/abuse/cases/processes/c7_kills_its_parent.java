// attack: destroys every process that it can see, init among them
// expect: ok
// stdout: ^1 \[1, [0-9]+\]$
// after: worker and neighbours unharmed, container gone
import java.util.stream.Collectors;
public class Main {
    public static void main(String[] words) {
        var all = ProcessHandle.allProcesses().map(ProcessHandle::pid).sorted().collect(Collectors.toList());
        ProcessHandle parent = ProcessHandle.current().parent().get();
        parent.destroy();
        parent.destroyForcibly();
        System.out.println(parent.pid() + " " + all);
    }
}
