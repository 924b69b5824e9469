// attack: crashes the virtual machine, for its core dump and its report
// expect: runtime_error
// signal: SIGABRT
// stdout: SIGSEGV
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        ((sun.misc.Unsafe) field.get(null)).putAddress(8, 1);
    }
}
