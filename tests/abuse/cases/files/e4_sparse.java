// attack: makes a sparse file of 1 PiB, then maps one
// expect: ok | runtime_error
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
import java.io.*;
import java.nio.channels.FileChannel;
public class Main {
    public static void main(String[] words) throws IOException {
        try (var file = new RandomAccessFile("/work/x", "rw")) {
            try { file.setLength(1L << 50); System.out.println("made"); } catch (IOException error) { }
            try { file.getChannel().map(FileChannel.MapMode.READ_WRITE, 1L << 49, 1 << 20); System.out.println("mapped"); } catch (IOException error) { }
        }
        System.out.println("held");
    }
}
