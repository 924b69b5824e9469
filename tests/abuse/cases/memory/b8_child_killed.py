# attack: lets a child die of its memory and exits 0
# expect: memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 8}
# evidence: memory
# stdout: ^all is well$
# after: worker and neighbours unharmed, container gone
import os
if os.fork() == 0:
    x = b'x' * (1280 << 20)
os.wait()
print('all is well')
