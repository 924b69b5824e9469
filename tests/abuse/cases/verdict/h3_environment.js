// attack: plants settings of the interpreter and runs itself again
// expect: ok
// stdout: ^again$
// after: worker and neighbours unharmed, container gone
const { spawnSync } = require('child_process');
if (!process.env.AGAIN) {
  const again = spawnSync(process.execPath, [__filename], { env: { AGAIN: '1', NODE_OPTIONS: '--max-old-space-size=64' } });
  process.stdout.write(again.stdout);
} else console.log('again');
