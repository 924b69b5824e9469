// attack: attaches a debugger to itself, and to init
// expect: ok
// stdout: ^held$
// limits: {"cpuSeconds": 8, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        System.setProperty("sun.tools.attach.attachTimeout", "500");
        for (String pid : new String[] {"1", "" + ProcessHandle.current().pid()})
            try {
                Class<?> machine = Class.forName("com.sun.tools.attach.VirtualMachine");
                machine.getMethod("attach", String.class).invoke(null, pid);
                System.out.println("attached to " + pid);
            } catch (ClassNotFoundException | java.lang.reflect.InvocationTargetException error) {
            }
        System.out.println("held");
    }
}
