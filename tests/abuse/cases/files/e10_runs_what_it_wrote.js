// attack: writes a program and runs it
// expect: ok
// stdout: ^EACCES\nEACCES\nEACCES$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const { spawnSync } = require('child_process');
for (const folder of ['/tmp', '/work', '/dev/shm']) {
  fs.writeFileSync(folder + '/program', '#!/usr/bin/env node\nconsole.log(1)', { mode: 0o755 });
  console.log(spawnSync(folder + '/program').error?.code);
}
