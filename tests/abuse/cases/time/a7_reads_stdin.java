// attack: reads its input until there is no more, then once more
// expect: ok
// stdout: ^100000 -1$
// stdin: 100000
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) throws Exception {
        System.out.println(System.in.readAllBytes().length + " " + System.in.read());
    }
}
