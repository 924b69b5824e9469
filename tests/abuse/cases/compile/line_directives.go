// attack: says that its mistakes are in a file of the host
// expect: compile_error
// compile_stderr: shadow:1: undefined: nothing$
// after: worker and neighbours unharmed, container gone
package main

//line /etc/shadow:1
func main() { nothing() }
