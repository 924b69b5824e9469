// attack: floods stdout for ever
// expect: output_limit
// evidence: stdout
// truncated: true
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        String line = "x".repeat(100_000);
        for (;;) System.out.println(line);
    }
}
