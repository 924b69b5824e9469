// attack: looks for names and secrets in its environment and properties
// expect: ok
// stdout: ^sandbox \[HOME, LANG, PATH\] \[\]$
// after: worker and neighbours unharmed, container gone
import java.nio.file.*;
import java.util.*;
public class Main {
    public static void main(String[] words) throws Exception {
        var found = new TreeSet<String>();
        String text = (System.getenv() + " " + System.getProperties()).toLowerCase();
        for (String word : new String[] {"redis", "docker", "token", "secret", "worker"}) if (text.contains(word)) found.add(word);
        System.out.println(Files.readString(Path.of("/proc/sys/kernel/hostname")).strip() + " " + new TreeSet<>(System.getenv().keySet()) + " " + found);
    }
}
