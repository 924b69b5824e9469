namespace shapes {
double area(double radius);
}
