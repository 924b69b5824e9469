import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Scanner;
import java.util.StringTokenizer;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

// Run once when the image is built: the classes it makes the machine load are those that jobs find in the archive.
public class Main {
    record Pair(String word, int count) {}

    enum Kind { ODD, EVEN }

    public static void main(String[] args) throws Exception {
        Scanner in = new Scanner(System.in);
        List<Integer> numbers = new ArrayList<>();
        for (int left = in.nextInt(); left > 0; left--) numbers.add(in.nextInt());
        in.nextLine();
        Map<Kind, List<Integer>> kinds =
            numbers.stream().collect(Collectors.groupingBy(number -> number % 2 == 0 ? Kind.EVEN : Kind.ODD));
        PriorityQueue<Pair> pairs = new PriorityQueue<>(Comparator.comparingInt(Pair::count).reversed());
        numbers.forEach(number -> pairs.add(new Pair("pair " + number, number)));
        Map<String, Integer> counts = new HashMap<>();
        counts.merge("word", 1, Integer::sum);
        counts.computeIfAbsent("other", String::length);
        System.out.printf("%d %.2f %s %s%n", numbers.size(), 0.5, pairs.poll(), kinds);
        System.out.println(String.format("%5d|%-5s", 1, "x") + new TreeMap<>(counts) + new TreeSet<>(numbers));
        System.out.println(BigInteger.TWO.pow(100) + String.join(",", new ArrayDeque<>(List.of("a", "b"))));
        System.out.println(new BufferedReader(new InputStreamReader(System.in)).lines().count());
        int[] sorted = IntStream.range(0, 10).map(number -> -number).toArray();
        Arrays.sort(sorted);
        Collections.sort(numbers);
        StringTokenizer words = new StringTokenizer("one two");
        StringBuilder text = new StringBuilder();
        while (words.hasMoreTokens()) text.append(words.nextToken()).append(Integer.parseInt("1")).reverse();
        PrintWriter out = new PrintWriter(System.out);
        out.println(text + Arrays.toString(sorted) + new HashSet<>(numbers).contains(1));
        out.flush();
        Thread thread = new Thread(() -> System.out.println(Thread.currentThread().getName()));
        thread.start();
        thread.join();
        try {
            Object[] none = new Object[0];
            System.out.println(none[1]);
        } catch (ArrayIndexOutOfBoundsException error) {
            error.printStackTrace();
        }
    }
}
