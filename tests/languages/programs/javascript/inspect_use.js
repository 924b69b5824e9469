const util = require("util"); const o = { a: [1, { b: new Map([["k", { deep: { er: 1 } }]]) }], f() {}, get g() { return 1; }, [Symbol.iterator]: null }; o.self = o;
console.log(o, util.inspect(o, { depth: null, colors: true }), util.format("%O", o), util.types.isProxy(new Proxy({}, {})));
