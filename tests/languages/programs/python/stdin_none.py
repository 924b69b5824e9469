import os, sys
print(repr(sys.stdin.read()), repr(sys.stdin.readline()), os.read(0, 10))
