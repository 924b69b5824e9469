// attack: looks up names
// expect: ok
// stdout: ^held\nheld$
// limits: {"cpuSeconds": 5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.net.*;
public class Main {
    public static void main(String[] words) {
        for (String name : new String[] {"example.com", "redis"})
            try { System.out.println(InetAddress.getByName(name)); } catch (UnknownHostException error) { System.out.println("held"); }
    }
}
