// attack: multiplies unions of strings to 10^12 members
// expect: compile_error | memory_limit | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
type D = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type All = `${D}${D}${D}${D}${D}${D}${D}${D}${D}${D}${D}${D}`;
const all: All = 'x';
console.log(all);
