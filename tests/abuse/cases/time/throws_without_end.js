// attack: answers every exception with another
// expect: time_limit | runtime_error | output_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
process.on('uncaughtException', () => setImmediate(() => { throw new Error('again'); }));
setImmediate(() => { throw new Error('first'); });
