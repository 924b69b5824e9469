// attack: has no code
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
