// attack: answers every unhandled rejection with another
// expect: time_limit | output_limit
// limits: {"cpuSeconds": 1, "wallSeconds": 3}
// after: worker and neighbours unharmed, container gone
process.on('unhandledRejection', () => Promise.reject(new Error('again')));
Promise.reject(new Error('first'));
setInterval(() => {}, 1000);
