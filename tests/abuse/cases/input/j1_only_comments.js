// attack: has no code
// expect: ok
// stdout: ^$
// after: worker and neighbours unharmed, container gone

