import gc
import os
import sys


class D:
    def __init__(self, name):
        self.name = name
        self.me = self

    def __del__(self):
        print("del", self.name)


os.kept = D("in os")
sys.kept = D("in sys")
os.path.kept = D("in os.path")
os.environ.kept = D("in os.environ")
D.kept = D("in its own class")
print(sorted(vars(sys.modules["__main__"])), sys.modules["__main__"].__dict__ is globals())
print(__spec__, __loader__, __doc__, __package__, gc.isenabled(), "gc" in dir())
import __main__

print(__main__ is sys.modules["__main__"], __main__)
