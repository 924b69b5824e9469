// attack: nests generic calls, each of which the compiler infers again for the one around it
// expect: ok | compile_error | time_limit | memory_limit
// after: worker and neighbours unharmed, container gone
import java.util.function.*;
public class Main {
    static <T> T id(Function<T, T> f, T t) { return f.apply(t); }
    static <T> T id(UnaryOperator<T> f, Object t) { return null; }
    public static void main(String[] words) {
        Object o = ⟪12*id(a -> ⟫null⟪12*, null)⟫;
    }
}
