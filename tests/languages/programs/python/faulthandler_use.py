import faulthandler, sys
print(faulthandler.is_enabled())
faulthandler.enable()
def f(): faulthandler.dump_traceback(sys.stderr, all_threads=False)
f()
