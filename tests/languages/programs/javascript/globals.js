console.log(Object.getOwnPropertyNames(globalThis).sort().join(" "));
console.log(Object.keys(globalThis).join(" "));
var leak = 1; console.log(globalThis.leak);
