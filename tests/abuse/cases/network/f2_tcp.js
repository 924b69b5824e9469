// attack: connects to a public address
// expect: ok
// stdout: ^ENETUNREACH$
// after: worker and neighbours unharmed, container gone
require('net').connect(443, '1.1.1.1').on('connect', () => console.log('connected')).on('error', (error) => console.log(error.code));
