// attack: starves the event loop with ticks
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
const again = () => process.nextTick(again);
again();
