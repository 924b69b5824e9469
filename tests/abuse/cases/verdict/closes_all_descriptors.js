// attack: closes all its streams, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
for (const number of [0, 1, 2]) try { fs.closeSync(number); } catch {}
process.exit(3);
