// attack: writes to the Redis and the API of the fleet at addresses it guesses
// expect: ok
// stdout: ^\[\]$
// after: worker and neighbours unharmed, container gone
const net = require('net');
let left = 0, reached = [];
for (const host of ['127.0.0.1', '::1', 'redis', '172.17.0.1', '172.18.0.2', '169.254.169.254'])
  for (const port of [6379, 3000, 2375]) {
    left++;
    const done = () => { if (--left === 0) console.log(JSON.stringify(reached)); };
    net.connect(port, host).on('connect', function () { reached.push(host); this.destroy(); done(); }).on('error', done);
  }
