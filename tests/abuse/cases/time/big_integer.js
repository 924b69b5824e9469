// attack: works out a number that fits nowhere
// expect: time_limit | memory_limit | runtime_error
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
let x = 9n;
for (;;) x *= x;
