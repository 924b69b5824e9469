// attack: embeds files of the host, through absolute and climbing names
// expect: compile_error
// after: worker and neighbours unharmed, container gone
package main

import _ "embed"

//go:embed /etc/shadow ../etc/passwd
var secret string

func main() { println(secret) }
