// attack: asks whether a type is a kind of another, a question without end
// expect: compile_error | time_limit | memory_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
public class Main {
    interface N<Z> { }
    static class C<P> implements N<N<? super C<C<P>>>> { }
    static N<? super C<Byte>> question(C<Byte> c) { return c; }
    public static void main(String[] words) { }
}
