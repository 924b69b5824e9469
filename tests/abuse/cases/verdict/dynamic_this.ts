// attack: is wrong for the checker alone
// expect: compile_error
// after: worker and neighbours unharmed, container gone
const text: string = 7;
console.log(text);
