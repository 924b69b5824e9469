// attack: brings settings of the go command that would run a script around its tools
// expect: accepted | compile_error
// tests: [{"expected": "honest"}, {"expected": "honest"}]
// after: worker and neighbours unharmed, container gone
package main

import "fmt"

func main() { fmt.Println("honest") }
//--- .config/go/env
GOFLAGS='-toolexec=sh /work/tool.sh'
//--- tool.sh
(while :; do echo late; : > /work/late; : > /tmp/late; done) &
mkfifo /work/pipe$$ /tmp/pipe$$
ln -s /etc/shadow /work/link$$
ln -s /work/loop /work/loop
chmod 0 /work/tool.sh
exec "$@"
