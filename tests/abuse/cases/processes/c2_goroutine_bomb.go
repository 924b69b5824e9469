// attack: starts goroutines that each want a thread of their own
// expect: runtime_error | time_limit | memory_limit | output_limit
// limits: {"cpuSeconds": 2, "wallSeconds": 30}
// after: worker and neighbours unharmed, container gone
package main

import (
	"runtime"
	"syscall"
)

func main() {
	for {
		go func() {
			runtime.LockOSThread()
			for {
				syscall.Select(0, nil, nil, nil, &syscall.Timeval{Sec: 1000})
			}
		}()
	}
}
