// attack: signals init with every signal, then fails
// expect: runtime_error
// exit: 3
// after: worker and neighbours unharmed, container gone
for (let number = 1; number < 65; number++) try { process.kill(1, number); } catch {}
process.exit(3);
