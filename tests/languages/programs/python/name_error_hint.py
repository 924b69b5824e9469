import collections
value = 1
print(valeu)
