// attack: starts programs for ever
// expect: runtime_error | time_limit | memory_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// after: worker and neighbours unharmed, container gone
const { spawn } = require('child_process');
const again = () => { spawn(process.execPath, [__filename]).on('error', () => {}); setImmediate(again); };
again();
