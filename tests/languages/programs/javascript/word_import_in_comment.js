/*
import a from "b"
export const c = 1
*/
// await nothing
console.log(typeof require, "import export await");
