class D:
    def __del__(self): raise RuntimeError("in del")
D(); print("after")
