# attack: sleeps for ever without using the CPU
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# stdout: ^asleep$
# evidence: wall
# after: worker and neighbours unharmed, container gone
import time
print('asleep', flush=True)
time.sleep(1e9)
