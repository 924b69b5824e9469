# attack: closes every stream, then hangs
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# stdout: ^before$
# after: worker and neighbours unharmed, container gone
import os, time
os.write(1, b'before')
for number in range(3):
    os.close(number)
time.sleep(1e6)
