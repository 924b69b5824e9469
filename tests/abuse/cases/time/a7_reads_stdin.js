// attack: reads stdin for ever though there is none
// expect: ok
// stdout: ^end$
// after: worker and neighbours unharmed, container gone
process.stdin.on('data', () => {}).on('end', () => console.log('end'));
