# attack: overflows its stack in C
# expect: runtime_error
# limits: {"cpuSeconds": 5, "wallSeconds": 15}
# after: worker and neighbours unharmed, container gone
import ctypes, sys
sys.setrecursionlimit(2 ** 31 - 1)
class Deep:
    def __repr__(self):
        return repr(self)
repr(Deep())
