const name: string = "World";
console.log(`Hello, ${name}!`);
