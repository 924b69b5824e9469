// attack: compiles well, to a package where the program should be
// expect: runtime_error | compile_error
// after: worker and neighbours unharmed, container gone
package library

func Main() {}
