// attack: asks for priority
// expect: ok
// stdout: ^E(ACCES|PERM)$
// after: worker and neighbours unharmed, container gone
const os = require('os');
try { os.setPriority(-20); console.log('raised'); } catch (error) { console.log(error.info.code); }
