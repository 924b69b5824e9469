// attack: unpacks a bomb of 1000:1
// expect: memory_limit | runtime_error | time_limit
// limits: {"cpuSeconds": 12, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.io.*;
import java.util.zip.*;
public class Main {
    public static void main(String[] words) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var packer = new GZIPOutputStream(packed)) { for (int n = 0; n < 300; n++) packer.write(new byte[1 << 20]); }
        System.out.println(new GZIPInputStream(new ByteArrayInputStream(packed.toByteArray())).readAllBytes().length);
    }
}
