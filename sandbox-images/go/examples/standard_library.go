package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
)

func main() {
	var group sync.WaitGroup
	squares := make([]int, 5)
	for i := range squares {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			squares[i] = i * i
		}(i)
	}
	group.Wait()
	answer := httptest.NewRecorder()
	http.NotFound(answer, nil)
	text, _ := json.Marshal(map[string]any{"squares": squares, "code": answer.Code})
	fmt.Println(string(text))
}
