// attack: never lets the event loop turn
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// evidence: cpu
// stdout: ^$
// after: worker and neighbours unharmed, container gone
const again = () => Promise.resolve().then(again);
again();
setTimeout(() => console.log('turned'), 0);
