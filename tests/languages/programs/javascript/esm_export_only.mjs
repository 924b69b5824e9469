const x = 1;
console.log("exports", x);
export default x;
