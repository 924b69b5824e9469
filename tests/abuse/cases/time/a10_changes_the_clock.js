// attack: changes its own idea of the time
// expect: ok
// wall_ms_min: 300
// stdout: ^0$
// after: worker and neighbours unharmed, container gone
process.hrtime = () => [0, 0];
Date.now = () => 0;
setTimeout(() => console.log(Date.now()), 300);
