// attack: opens its output anew and floods through many handles
// expect: output_limit
// evidence: stdout
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const handles = Array.from({ length: 20 }, () => { try { return fs.openSync('/proc/self/fd/1', 'w'); } catch { return 1; } });
for (;;) for (const handle of handles) try { fs.writeSync(handle, 'x'.repeat(4096)); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
