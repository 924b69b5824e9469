# attack: stops its children and waits for them
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# after: worker and neighbours unharmed, container gone
import os, signal, time
for _ in range(8):
    child = os.fork()
    if child == 0:
        time.sleep(1e6)
    os.kill(child, signal.SIGSTOP)
os.wait()
