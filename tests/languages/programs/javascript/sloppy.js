with ({ a: 5 }) console.log(a); console.log(010, typeof undeclared); x = 1; delete x; (function () { console.log(this === globalThis); })();
