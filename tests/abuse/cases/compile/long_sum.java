// attack: adds fifteen thousand words in one expression
// expect: compile_error | time_limit | memory_limit | ok
// after: worker and neighbours unharmed, container gone
public class Main {
    static String sum(String a) { return a⟪15000* +a⟫; }
    public static void main(String[] words) { }
}
