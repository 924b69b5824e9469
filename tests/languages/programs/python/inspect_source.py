import inspect, linecache
def f(x):
    """Doc."""
    return x + 1  # comment
class C:
    def m(self): ...
print(inspect.getsource(f), inspect.getsource(C), inspect.getsourcefile(f), inspect.getmodule(f).__name__)
print(inspect.signature(f), inspect.getdoc(f), linecache.getline(__file__, 2))
print(open(__file__).read() == inspect.getsource(inspect.getmodule(f)))
