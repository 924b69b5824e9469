// attack: brings an annotation processor, which the compiler would run
// expect: ok | compile_error
// stdout: ^(honest)?$
// compile_stdout: ^$
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) { System.out.println("honest"); }
}
//--- META-INF/services/javax.annotation.processing.Processor
Evil
//--- Evil.java
import java.util.Set;
import javax.annotation.processing.*;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
@SupportedAnnotationTypes("*")
public class Evil extends AbstractProcessor {
    static { System.out.println("ran in the compiler"); for (;;); }
    @Override public boolean process(Set<? extends TypeElement> types, RoundEnvironment round) { return true; }
}
