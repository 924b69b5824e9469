import sys, inspect
f = sys._getframe()
n = 0
while f:
    print(n, f.f_code.co_name, f.f_code.co_filename, f.f_lineno)
    f, n = f.f_back, n + 1
print(inspect.stack()[0].filename, len(inspect.stack()))
