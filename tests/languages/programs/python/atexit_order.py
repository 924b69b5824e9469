import atexit, sys
for n in range(3): atexit.register(print, "exit", n)
@atexit.register
def last(): print("modules alive:", sys is not None)
print("main ends")
