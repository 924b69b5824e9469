"""
>>> f(2)
5
"""
def f(x): return x * 2
import doctest; print(doctest.testmod())
