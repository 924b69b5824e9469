import java.io.BufferedReader;
import java.io.InputStreamReader;

public class Main {
    public static void main(String[] args) {
        new BufferedReader(new InputStreamReader(System.in)).lines().forEach(line -> {
            String reversed = new StringBuilder(line).reverse().toString();
            System.out.println(reversed + " " + line.codePointCount(0, line.length()));
        });
    }
}
