// attack: sends a pattern into catastrophic backtracking
// expect: time_limit
// limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
// evidence: cpu
// after: worker and neighbours unharmed, container gone
/^(a+)+$/.test('a'.repeat(64) + 'b');
