// attack: loads a native library it wrote
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const library = fs.readFileSync('/proc/self/maps', 'utf8').split(/\s+/).find((word) => /\/libstdc\+\+|\/libm|\/libc/.test(word));
fs.copyFileSync(library, '/tmp/addon.node');
try { require('/tmp/addon.node'); console.log('loaded'); } catch (error) { console.log(/failed to map|not permitted/.test(error.message) ? 'held' : error.message); }
