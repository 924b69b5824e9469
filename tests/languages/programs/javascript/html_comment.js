var x = 1; <!-- a comment
--> another
console.log(x);
