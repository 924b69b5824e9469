# attack: traces every line it runs, and raises while doing so
# expect: time_limit | runtime_error | memory_limit
# limits: {"cpuSeconds": 1, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import sys
def trace(*_):
    sys.settrace(trace)
    return trace
sys.settrace(trace)
sys.setrecursionlimit(2 ** 31 - 1)
def down():
    down()
down()
