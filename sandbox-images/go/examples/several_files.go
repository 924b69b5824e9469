package main

import (
	"fmt"

	"example/shapes"
)

func main() {
	fmt.Println(shapes.Area(2), greeting)
}
