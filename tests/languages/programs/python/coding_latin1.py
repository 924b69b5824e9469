#-*- coding: latin-1 -*-
print("grün", len("gü"))
