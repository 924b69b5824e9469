import warnings, sys
for f in warnings.filters: print(f)
print(warnings.showwarning.__name__)
