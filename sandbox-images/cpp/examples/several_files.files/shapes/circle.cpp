#include "circle.hpp"

#include <numbers>

double shapes::area(double radius) {
    return std::numbers::pi * radius * radius;
}
