// attack: prints exactly as much as is allowed
// expect: ok
// truncated: false
// stdout: ^x{262144}$
// after: worker and neighbours unharmed, container gone
process.stdout.write('x'.repeat(262144));
