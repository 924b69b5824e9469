// attack: makes so many mistakes that the compiler's messages are a flood
// expect: output_limit | compile_error
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
public class Main {
    ⟪4000*int a = b;
    ⟫
}
