import warnings
warnings.warn("careful")
def f(): warnings.warn("old", DeprecationWarning, stacklevel=2)
f()
warnings.simplefilter("error"); print(warnings.filters[0][0])
warnings.warn("now an error", UserWarning)
