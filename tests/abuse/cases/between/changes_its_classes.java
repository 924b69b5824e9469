// attack: replaces its class files and brings others, for the next case to load
// expect: accepted
// tests: [{"expected": "honest"}, {"expected": "honest"}, {"expected": "honest"}]
// cases: accepted accepted accepted
// after: the next case runs what the compiler made
import java.nio.file.*;
public class Main {
    static class Helper { String word() { return "honest"; } }
    public static void main(String[] words) throws Exception {
        System.out.println(new Helper().word());
        for (String name : new String[] {"Main.class", "Main$Helper.class", "java.class", ".hotspotrc", "Main$1.class"}) Files.write(Path.of("/work/" + name), "cheated".getBytes());
        Files.createDirectories(Path.of("/tmp/hsperfdata_nobody"));
        Files.createDirectories(Path.of("/work/META-INF/services"));
        Files.setPosixFilePermissions(Path.of("/work"), java.util.Set.of());
    }
}
