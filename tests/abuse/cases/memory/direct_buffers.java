// attack: allocates buffers outside the heap
// expect: memory_limit | runtime_error
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.nio.ByteBuffer;
import java.util.ArrayList;
public class Main {
    public static void main(String[] words) {
        ArrayList<ByteBuffer> kept = new ArrayList<>();
        for (;;) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(4 << 20);
            for (int place = 0; place < buffer.capacity(); place += 1024) buffer.put(place, (byte) 1);
            kept.add(buffer);
        }
    }
}
