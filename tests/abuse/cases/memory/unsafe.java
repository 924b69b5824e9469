// attack: takes memory past the heap, where the virtual machine does not count
// expect: memory_limit
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// evidence: memory
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        var unsafe = (sun.misc.Unsafe) field.get(null);
        for (;;) unsafe.setMemory(unsafe.allocateMemory(16 << 20), 16 << 20, (byte) 1);
    }
}
