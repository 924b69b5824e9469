import sys
open("/dev/null")
print("x is" if 1 else "")
assert (1, "always true")
