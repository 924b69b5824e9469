# Run by sandfleet.pth in a namespace of its own when SANDFLEET_WARM is set: tell init that the interpreter is loaded,
# wait for the gate, and leave nothing behind. What happens next is what `python3 main.py` always does.
import gc
import os
import sys

gate, ready = 60, 61
del os.environ["SANDFLEET_WARM"], sys.modules["gc"]
# What site imports after this hook, while there is time: it also reads the folders that imports search.
for name in ("sitecustomize", "usercustomize"):
    try:
        __import__(name)
    except ImportError:
        pass
# The collections at the end need not go through what was loaded at the start, which is a third of what a short program
# costs. The program's own module must be none of that, or its cycles would outlive the last collection: a fresh one.
gc.freeze()
main = type(sys)("__main__")
main.__dict__.clear()
main.__dict__.update(sys.modules["__main__"].__dict__)
sys.modules["__main__"] = main
os.write(ready, b"+")
while os.read(gate, 64):
    pass
os.close(gate)
os.close(ready)
