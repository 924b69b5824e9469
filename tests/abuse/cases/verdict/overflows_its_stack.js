// attack: overflows its stack
// expect: runtime_error
// exit: 1
// stderr: RangeError
// after: worker and neighbours unharmed, container gone
const down = () => down();
down();
