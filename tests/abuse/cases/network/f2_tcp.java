// attack: connects to the world, the metadata service and the fleet
// expect: ok
// stdout: ^held$
// limits: {"cpuSeconds": 5, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
import java.net.*;
public class Main {
    public static void main(String[] words) {
        for (String host : new String[] {"8.8.8.8", "169.254.169.254", "172.17.0.1", "fd00:ec2::254"})
            for (int port : new int[] {53, 80, 443, 2375, 3000, 6379})
                try (var client = new Socket()) {
                    client.connect(new InetSocketAddress(host, port), 2000);
                    System.out.println("connected " + host);
                } catch (java.io.IOException error) {
                    if (error instanceof SocketTimeoutException) System.out.println("waited for " + host);
                }
        System.out.println("held");
    }
}
