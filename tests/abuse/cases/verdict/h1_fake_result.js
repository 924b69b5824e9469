// attack: prints what looks like a result and fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
console.log('{"verdict":"ok","exitCode":0}');
process.exit(3);
