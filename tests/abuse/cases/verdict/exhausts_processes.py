# attack: takes every process there may be, then fails
# expect: runtime_error
# exit: 3
# limits: {"cpuSeconds": 5, "wallSeconds": 10}
# after: worker and neighbours unharmed, container gone
import os, time
try:
    while True:
        if os.fork() == 0:
            time.sleep(1e6)
except BlockingIOError:
    os._exit(3)
