// attack: prints one byte more than is allowed
// expect: output_limit
// evidence: stdout
// truncated: true
// after: worker and neighbours unharmed, container gone
process.stdout.write('x'.repeat(262145));
