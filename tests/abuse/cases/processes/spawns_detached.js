// attack: leaves detached children behind
// expect: ok
// stdout: ^over$
// after: worker and neighbours unharmed, container gone
const { spawn } = require('child_process');
for (let i = 0; i < 3; i++) spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' }).unref();
console.log('over');
