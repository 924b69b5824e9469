// attack: prints half characters, NUL and bytes that are no text
// expect: ok
// encoding: base64
// stdout_hex: 3f2100ff80c0
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        System.out.print("\ud83d!");
        System.out.flush();
        System.out.write(new byte[] {0, -1, -128, -64}, 0, 4);
        System.out.flush();
    }
}
