# attack: 32 processes' worth of spinning threads
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# evidence: cpu
# after: worker and neighbours unharmed, container gone
import os
for _ in range(31):
    if os.fork() == 0:
        break
while True:
    pass
