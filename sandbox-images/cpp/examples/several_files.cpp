#include <iostream>

#include "shapes/circle.hpp"

int main() {
    std::cout << shapes::area(2) << '\n';
}
