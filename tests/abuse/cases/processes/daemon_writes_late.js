// attack: ends, while a detached child goes on writing to its output
// expect: ok
// stdout: ^over
// limits: {"cpuSeconds": 2, "wallSeconds": 5}
// after: worker and neighbours unharmed, container gone
const { spawn } = require('child_process');
spawn(process.execPath, ['-e', "setInterval(() => process.stdout.write('late'), 1)"], { detached: true, stdio: 'inherit' }).unref();
process.stdout.write('over\n', () => process.exit(0));
