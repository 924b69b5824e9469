import "fs";
console.log("before");
await new Promise(() => {});
