// attack: writes where nobody should
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
for (const path of ['/x', '/etc/passwd', process.execPath, '/sandfleet/init', '/dev/x', '/var/x'])
  try { fs.appendFileSync(path, 'x'); console.log('wrote', path); } catch {}
console.log('held');
