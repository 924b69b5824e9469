// Package shapes measures.
package shapes

// Area of a circle.
func Area(radius float64) float64 {
	return 3 * radius * radius
}
