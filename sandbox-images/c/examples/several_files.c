#include <math.h>
#include <stdio.h>

#include "shapes/circle.h"

int main(int argc, char **argv) {
    printf("%.2f %d\n", area(sqrt(4.0)), argc);
    (void)argv;
}
