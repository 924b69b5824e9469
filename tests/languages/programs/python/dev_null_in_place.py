import os, sys
os.dup2(os.open("/dev/null", os.O_RDWR), 0)
print(repr(sys.stdin.read()))
