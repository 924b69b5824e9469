package main

import (
	"bufio"
	"fmt"
	"os"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		runes := []rune(lines.Text())
		for i := len(runes) - 1; i >= 0; i-- {
			fmt.Print(string(runes[i]))
		}
		fmt.Println("", len(runes))
	}
}
