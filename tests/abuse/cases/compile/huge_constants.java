// attack: doubles a constant until it has 2^36 characters
// expect: compile_error | time_limit | memory_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
public class Main {
    static final String a = "0123456789abcdef", b = a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + a;
    static final String c = b + b + b + b + b + b + b + b + b + b + b + b + b + b + b + b;
    static final String d = c + c + c + c + c + c + c + c + c + c + c + c + c + c + c + c;
    static final String e = d + d + d + d + d + d + d + d + d + d + d + d + d + d + d + d;
    static final String f = e + e + e + e + e + e + e + e + e + e + e + e + e + e + e + e;
    static final String g = f + f + f + f + f + f + f + f + f + f + f + f + f + f + f + f;
    static final String h = g + g + g + g + g + g + g + g + g + g + g + g + g + g + g + g;
    static final String i = h + h + h + h + h + h + h + h + h + h + h + h + h + h + h + h;
    public static void main(String[] words) { System.out.println(i.length()); }
}
