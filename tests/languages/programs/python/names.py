print(__name__, __file__, __package__, __spec__, __doc__, type(__loader__).__name__, __builtins__.__name__)
print(sorted(globals()))
print(__annotations__)
