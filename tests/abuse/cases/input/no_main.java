// attack: has a class without a main method
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
public class Main {
    static { System.out.println("loaded"); }
}
