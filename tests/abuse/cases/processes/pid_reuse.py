# attack: goes through process ids for a race on a reused one
# expect: ok | time_limit
# limits: {"cpuSeconds": 2, "wallSeconds": 5}
# after: worker and neighbours unharmed, container gone
import os
seen = set()
for _ in range(40000):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
print('through')
