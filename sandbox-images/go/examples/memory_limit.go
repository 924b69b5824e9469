package main

func main() {
	var kept []int
	for i := 0; ; i++ {
		kept = append(kept, i)
	}
}
