# attack: fills a pipe to itself and waits for room
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# after: worker and neighbours unharmed, container gone
import os
read, write = os.pipe()
while True:
    os.write(write, b'x' * 4096)
