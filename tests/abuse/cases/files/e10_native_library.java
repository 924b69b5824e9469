// attack: loads a native library that it wrote to /tmp, and runs what it wrote there
// expect: ok
// stdout: ^held\nheld$
// after: worker and neighbours unharmed, container gone
import java.nio.file.*;
public class Main {
    public static void main(String[] words) throws Exception {
        Path java = Path.of(System.getProperty("java.home")), library = Path.of("/tmp/libx.so"), program = Path.of("/tmp/x");
        Files.copy(java.resolve("lib/libzip.so"), library);
        Files.copy(java.resolve("bin/java"), program);
        program.toFile().setExecutable(true);
        try { System.load(library.toString()); System.out.println("loaded"); } catch (UnsatisfiedLinkError error) { System.out.println("held"); }
        try { new ProcessBuilder(program.toString()).start(); System.out.println("ran"); } catch (java.io.IOException error) { System.out.println("held"); }
    }
}
