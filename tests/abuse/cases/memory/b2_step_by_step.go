// attack: grows by one MiB at a time
// expect: memory_limit
// limits: {"cpuSeconds": 4, "wallSeconds": 30, "memoryBytes": 67108864}
// evidence: memory
// after: worker and neighbours unharmed, container gone
package main

func main() {
	var kept [][]byte
	for {
		kept = append(kept, make([]byte, 1<<20))
		for place := 0; place < 1<<20; place += 1024 {
			kept[len(kept)-1][place] = 1
		}
	}
}
