// attack: looks up a name
// expect: ok
// stdout: ^held$
// after: worker and neighbours unharmed, container gone
require('dns').lookup('example.com', (error) => console.log(error ? 'held' : 'found'));
