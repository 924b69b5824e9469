class A { static s() { throw new Error("deep"); } get g() { return A.s(); } }
const o = { m() { return [1].map(() => new A().g); } };
try { o.m(); } catch (e) { console.log(e.stack); }
console.trace("here"); console.log(Error.stackTraceLimit);
