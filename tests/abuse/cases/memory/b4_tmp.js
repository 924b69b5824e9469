// attack: fills /tmp
// expect: ok
// stdout: ^ENOSPC$
// after: worker and neighbours unharmed, container gone
const fs = require('fs');
const file = fs.openSync('/tmp/x', 'w');
try {
  while (1) fs.writeSync(file, Buffer.alloc(2 ** 20));
} catch (error) {
  console.log(error.code);
}
