// attack: nests brackets thirty thousand deep
// expect: compile_error | ok | memory_limit | time_limit
// after: worker and neighbours unharmed, container gone
package main

func main() { println(⟪30000*(⟫0⟪30000*)⟫) }
