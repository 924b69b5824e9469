// attack: hides code in a comment, behind an escape that the compiler reads as a new line
// expect: ok
// stdout: ^hidden$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        // \u000a System.out.println("hidden");
    }
}
