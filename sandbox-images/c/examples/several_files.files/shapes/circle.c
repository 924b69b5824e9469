#include "circle.h"

double area(double radius) {
    return 3.14159 * radius * radius;
}
