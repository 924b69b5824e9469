// attack: writes where nobody should
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
import java.nio.file.*;
public class Main {
    public static void main(String[] words) {
        String home = System.getProperty("java.home");
        for (String path : new String[] {"/x", "/etc/passwd", home + "/lib/modules", home + "/lib/x", "/sandfleet/init", "/proc/self/exe", "/var/x", "/dev/x"})
            try {
                Files.write(Path.of(path), new byte[] {1}, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                System.out.println("wrote " + path);
            } catch (Exception error) {
            }
        System.out.println("held");
    }
}
