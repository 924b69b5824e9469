// attack: has the compiler write thousands of class files
// expect: compile_error | ok | time_limit | memory_limit
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        ⟪3500*new Main(){};⟫
    }
}
