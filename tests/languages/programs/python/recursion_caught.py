import sys
def depth(n=0):
    try: return depth(n + 1)
    except RecursionError: return n
print(depth() > 900)
def exact(n): return 0 if n == 0 else 1 + exact(n - 1)
print(exact(900))
sys.setrecursionlimit(5000)
print(exact(4000))
