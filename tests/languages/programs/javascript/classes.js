class P { #x = 1; static #n = 0; static { P.#n = 5; } get x() { return this.#x; } static n() { return P.#n; } has(o) { return #x in o; } }
class Q extends P { toString() { return `Q(${super.x})`; } }
console.log(`${new Q()}`, P.n(), new P().has({}), new Q(), P, Object.getOwnPropertyNames(Q.prototype));
