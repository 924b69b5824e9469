# attack: uses CPU time in children that are gone before anybody looks
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# evidence: cpu
# after: worker and neighbours unharmed, container gone
import os
while True:
    if os.fork() == 0:
        for _ in range(100000):
            pass
        os._exit(0)
    os.wait()
