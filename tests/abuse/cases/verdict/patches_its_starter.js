// attack: changes the functions its interpreter ends by, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
const really = process.reallyExit;
process.exit = process.abort = () => {};
process.emit = () => true;
Object.prototype.exitCode = 0;
Array.prototype.push = Array.prototype.forEach = () => { throw new Error('patched'); };
really.call(process, 3);
