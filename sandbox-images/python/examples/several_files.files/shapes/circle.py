from math import pi


def area(radius):
    return pi * radius**2
