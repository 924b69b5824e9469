// attack: doubles a constant until it has 2^34 characters
// expect: compile_error | memory_limit | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
package main

const (
	a = "0123456789abcdef"
	b = a + a + a + a + a + a + a + a + a + a + a + a + a + a + a + a
	c = b + b + b + b + b + b + b + b + b + b + b + b + b + b + b + b
	d = c + c + c + c + c + c + c + c + c + c + c + c + c + c + c + c
	e = d + d + d + d + d + d + d + d + d + d + d + d + d + d + d + d
	f = e + e + e + e + e + e + e + e + e + e + e + e + e + e + e + e
	g = f + f + f + f + f + f + f + f + f + f + f + f + f + f + f + f
	h = g + g + g + g + g + g + g + g + g + g + g + g + g + g + g + g
)

var x = h

func main() { println(len(x)) }
