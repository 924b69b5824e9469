// attack: has no code
// expect: compile_error
// compile_stderr: main
// after: worker and neighbours unharmed, container gone
