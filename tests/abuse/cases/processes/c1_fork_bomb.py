# attack: forks for ever
# expect: runtime_error | time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import os
while True:
    os.fork()
