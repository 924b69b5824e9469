// attack: opens the debugger of its interpreter on loopback
// expect: ok
// stdout: ^over$
// after: worker and neighbours unharmed, container gone
process.kill(process.pid, 'SIGUSR1');
const inspector = require('inspector');
setTimeout(() => { try { inspector.open(9230, '0.0.0.0'); } catch {} console.log('over'); process.exit(0); }, 200);
