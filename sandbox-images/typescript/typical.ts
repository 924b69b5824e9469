import { readFileSync } from "node:fs";
import * as readline from "readline";

// Compiled once when the image is built: what it makes the compiler use of itself is what jobs find in the cache.
interface Shape<T extends string> {
    kind: T;
    area(): number;
}

abstract class Base<T extends string> implements Shape<T> {
    constructor(readonly kind: T) {}
    abstract area(): number;
}

class Circle extends Base<"circle"> {
    constructor(private radius: number) {
        super("circle");
    }
    area = (): number => Math.PI * this.radius ** 2;
}

type Areas = { [K in Circle["kind"]]?: number };

async function* lines(): AsyncGenerator<string> {
    for await (const line of readline.createInterface({ input: process.stdin })) yield line;
}

async function main(): Promise<void> {
    const areas: Areas = { circle: new Circle(2).area() };
    const [first = 0, ...rest] = readFileSync(0, "utf8").split(/\s+/).filter(Boolean).map(Number);
    const counts = new Map<string, number>(Object.entries(areas));
    for await (const line of lines()) counts.set(line, (counts.get(line) ?? 0) + 1);
    console.log(first, rest.reduce((sum, number) => sum + number, 0), [...counts.keys()], `${areas.circle?.toFixed(2)}`);
}

main().catch((error: unknown) => console.error(error instanceof Error ? error.message : error));
