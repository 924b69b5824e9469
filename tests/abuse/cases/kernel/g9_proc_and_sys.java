// attack: reads and writes the dangerous files of /proc and /sys
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
import java.io.*;
public class Main {
    public static void main(String[] words) {
        for (String path : new String[] {"/proc/1/environ", "/proc/1/mem", "/proc/1/fd/0", "/proc/1/root/etc/passwd", "/proc/kcore", "/proc/kallsyms", "/proc/keys", "/dev/mem", "/dev/kmsg"})
            try (var file = new FileInputStream(path)) { if (file.read() >= 0) System.out.println("read " + path); } catch (IOException error) { }
        for (String path : new String[] {"/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/proc/1/oom_score_adj", "/proc/1/fd/1", "/sys/fs/cgroup/cgroup.procs"})
            try (var file = new FileOutputStream(path)) { file.write('1'); System.out.println("wrote " + path); } catch (IOException error) { }
        System.out.println("held");
    }
}
