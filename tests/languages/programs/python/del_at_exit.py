import weakref
class D:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
a = D(1); b = D(2); del a
weakref.finalize(b, print, "finalized")
cycle = D(3); cycle.me = cycle
