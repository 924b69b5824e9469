// attack: takes functions of the runtime by their names
// expect: compile_error | ok | runtime_error
// after: worker and neighbours unharmed, container gone
package main

import _ "unsafe"

//go:linkname throw runtime.throw
func throw(words string)

func main() { throw("thrown") }
