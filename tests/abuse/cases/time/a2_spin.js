// attack: spins for ever, having printed something
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// stdout: ^before$
// evidence: cpu
// after: worker and neighbours unharmed, container gone
require('fs').writeSync(1, 'before\n');
while (1);
