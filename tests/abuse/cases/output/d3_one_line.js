// attack: prints one line of 100 MB
// expect: output_limit
// evidence: stdout
// limits: {"memoryBytes": 268435456}
// after: worker and neighbours unharmed, container gone
process.stdout.write('y'.repeat(1e8));
