// attack: leaves a rejected promise
// expect: runtime_error
// exit: 1
// stderr: Error: oops
// after: worker and neighbours unharmed, container gone
Promise.reject(new Error('oops'));
