// attack: throws
// expect: runtime_error
// exit: 1
// stderr: Error: oops
// after: worker and neighbours unharmed, container gone
throw new Error('oops');
