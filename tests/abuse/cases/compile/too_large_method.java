// attack: writes a method that no class file can hold
// expect: compile_error
// compile_stderr: too large
// after: worker and neighbours unharmed, container gone
public class Main {
    static int n;
    public static void main(String[] words) {
        ⟪14000*n++;⟫
    }
}
