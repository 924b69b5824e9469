// attack: brings a module, a workspace and replacements that lead out of the work directory
// expect: compile_error | ok | runtime_error
// after: worker and neighbours unharmed, container gone
package main

import "example.com/evil"

func main() { evil.Run() }
//--- go.mod
module main
go 99.9
require example.com/evil v1.0.0
replace example.com/evil => ../../usr
//--- go.work
go 99.9
use /
//--- vendor/modules.txt
# example.com/evil v1.0.0
## explicit
example.com/evil
//--- vendor/example.com/evil/evil.go
package evil

func Run() { println("ran what it brought") }
