console.log("a");
const t = `b
c`;
console.log(JSON.stringify(t));
