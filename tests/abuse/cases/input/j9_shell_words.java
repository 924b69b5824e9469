// attack: is given words that a shell, a format or the launcher would take
// expect: ok
// args: ["$(id)", "-version", "@main.args", "-Dx=y", "; rm -rf / &", "%s%n", "*", "", "\n"]
// stdout_repr: '[$(id), -version, @main.args, -Dx=y, ; rm -rf / &, %s%n, *, , \n]\n'
// after: worker and neighbours unharmed, container gone
public class Main {
    public static void main(String[] words) {
        System.out.println(java.util.Arrays.toString(words));
    }
}
