const v = await new Promise(r => setTimeout(() => r("awaited"), 2));
console.log(v);
