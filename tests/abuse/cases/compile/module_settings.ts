// attack: says of its output that it is of another kind
// expect: ok | runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
export {};
console.log(typeof require);
//--- package.json
{"type": "module", "main": "/etc/shadow", "imports": {"#x": "/dev/zero"}, "exports": {"./*": "/*"}}
