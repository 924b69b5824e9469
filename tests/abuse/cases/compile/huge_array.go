// attack: makes a program of 4 GiB
// expect: compile_error | memory_limit | time_limit
// how: ^(compile|the compiler)
// after: worker and neighbours unharmed, container gone
package main

var all = [1 << 29]int64{5: 1, 1<<29 - 1: 2}

func main() { println(all[len(all)/2]) }
