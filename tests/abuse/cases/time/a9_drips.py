# attack: prints a byte now and then for ever
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# stdout: ^\.{3,20}$
# after: worker and neighbours unharmed, container gone
import time
while True:
    print('.', end='', flush=True)
    time.sleep(0.2)
