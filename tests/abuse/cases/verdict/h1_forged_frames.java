// attack: writes forged ends into every descriptor of init and of its own, and fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
import java.io.*;
public class Main {
    public static void main(String[] words) {
        byte[] frame = new byte[64];
        frame[0] = 1;
        frame[1] = 19;
        frame[7] = 56;
        for (int number = 0; number < 256; number++)
            for (String process : new String[] {"1", "self"})
                if (number != 2) try (var file = new FileOutputStream("/proc/" + process + "/fd/" + number)) { file.write(frame); } catch (IOException error) { }
        Runtime.getRuntime().halt(3);
    }
}
