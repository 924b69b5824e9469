# attack: forks and never waits
# expect: ok | runtime_error
# stdout: ^held at [0-9]{1,2}$
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import os
made = 0
try:
    while made < 5000:
        if os.fork() == 0:
            os._exit(0)
        made += 1
except BlockingIOError:
    print('held at', made)
