import shapes.Circle;

public class Main {
    record Named(String name, Circle circle) {}

    public static void main(String[] args) {
        System.out.println(new Named("one", new Circle(2)));
    }
}
