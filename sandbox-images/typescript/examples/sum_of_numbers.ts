import { readFileSync } from "node:fs";

const words = readFileSync(0, "utf8").split(/\s+/).filter(Boolean);
const [count, ...numbers]: number[] = words.map(Number);
console.log(count, numbers.reduce((sum, number) => sum + number, 0));
