// attack: opens descriptors until there are no more
// expect: ok
// stdout: ^EMFILE$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
try { for (let i = 0; i < 5000; i++) fs.openSync('/dev/null'); } catch (error) { console.log(error.code); }
process.exit(0);
