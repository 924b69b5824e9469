import { area } from "./shapes/circle";

console.log(area(2).toFixed(2));
