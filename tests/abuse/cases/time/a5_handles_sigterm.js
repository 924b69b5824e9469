// attack: catches SIGTERM and stays
// expect: time_limit
// limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
// signal: SIGKILL
// after: worker and neighbours unharmed, container gone
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => {});
setInterval(() => {}, 100);
