// attack: prints escape sequences: clear, title, clipboard, link, overwrite
// expect: ok
// stdout_repr: '\x1b[2J\x1b]52;c;aGk=\x07\rOK'
// after: worker and neighbours unharmed, container gone
process.stdout.write('\u001b[2J\u001b]52;c;aGk=\u0007\rOK');
