// attack: instantiates a function with types that grow
// expect: compile_error | memory_limit | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
package main

func grow[T any](n int) {
	if n > 0 {
		grow[[2]T](n - 1)
		grow[*T](n - 1)
	}
}

func main() { grow[int](3) }
