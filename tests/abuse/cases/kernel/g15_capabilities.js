// attack: reads its own credentials
// expect: ok
// stdout: ^0 0 0 0 0 1 2 65534 65534$
// after: worker and neighbours unharmed, container gone
const status = require('fs').readFileSync('/proc/self/status', 'utf8');
const of = (name) => status.match(new RegExp(`^${name}:\\s+(\\S+)`, 'm'))[1];
console.log(...['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => parseInt(of(name), 16)), of('NoNewPrivs'), of('Seccomp'), process.getuid(), process.getgid());
