package main

import "fmt"

func main() {
	var count, sum, number int
	fmt.Scan(&count)
	for i := 0; i < count; i++ {
		fmt.Scan(&number)
		sum += number
	}
	fmt.Println(count, sum)
}
