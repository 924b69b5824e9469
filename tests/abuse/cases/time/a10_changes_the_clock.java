// attack: asks for another time zone and waits: the duration comes from outside
// expect: ok
// wall_ms_min: 300
// stdout: ^waited$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("Asia/Tokyo"));
        System.setProperty("java.vm.name", "none");
        Thread.sleep(300);
        System.out.println("waited");
    }
}
