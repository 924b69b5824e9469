// attack: puts its class where the launcher does not look
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
package elsewhere;
public class Main {
    public static void main(String[] words) { }
}
