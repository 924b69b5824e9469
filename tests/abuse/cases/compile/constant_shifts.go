// attack: shifts a constant by a thousand million places
// expect: compile_error
// after: worker and neighbours unharmed, container gone
package main

const (
	one  = 1 << 1000000000
	more = 1.0e+1000000000 * 1.0e+1000000000
)

func main() { println(one>>999999999, more) }
