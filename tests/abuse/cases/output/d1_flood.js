// attack: prints 10 GB
// expect: output_limit
// evidence: stdout
// stdout: ^x{262144}$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const text = 'x'.repeat(65536);
for (;;) try { fs.writeSync(1, text); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
