// attack: calls a C compiler with words of its own
// expect: compile_error
// after: worker and neighbours unharmed, container gone
package main

// #cgo CFLAGS: -fplugin=/work/evil.so -wrapper /work/evil
// #cgo LDFLAGS: -Wl,-T,/etc/shadow
// #include "/dev/zero"
import "C"

func main() { println(C.nothing) }
