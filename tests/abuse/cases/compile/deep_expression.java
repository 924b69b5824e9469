// attack: nests brackets twenty thousand deep
// expect: compile_error | time_limit | memory_limit | ok
// after: worker and neighbours unharmed, container gone
public class Main {
    static int deep = ⟪20000*(⟫1⟪20000*)⟫;
    public static void main(String[] words) { }
}
