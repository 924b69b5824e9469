import { area } from "./shapes/circle.mjs";

console.log(area(2).toFixed(2));
