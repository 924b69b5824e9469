function* g() { const a = yield 1; console.log("got", a); yield* [2, 3]; return 4; }
const i = g(); console.log(i.next(), i.next("v"), [...i], Object.fromEntries([["a", 1]]));
(async function* () { yield 1; })().next().then(console.log);
