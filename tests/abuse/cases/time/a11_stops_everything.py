# attack: stops every process it can see, its own init included
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# after: worker and neighbours unharmed, container gone
import os, signal
for pid in (1, -1, os.getpid()):
    try:
        os.kill(pid, signal.SIGSTOP)
    except OSError:
        pass
