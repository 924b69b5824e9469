// attack: talks to itself on the loopback interface, which works
// expect: ok
// stdout: ^hello$
// after: worker and neighbours unharmed, container gone
const http = require('http');
const server = http.createServer((request, answer) => answer.end('hello')).listen(0, '127.0.0.1', () =>
  http.get({ host: '127.0.0.1', port: server.address().port }, (answer) => answer.on('data', (data) => { console.log(String(data)); process.exit(0); })));
