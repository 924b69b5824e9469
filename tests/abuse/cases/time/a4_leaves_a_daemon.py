# attack: ends, but leaves a daemon that holds its output open
# expect: ok
# stdout: ^parent done$
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1e6)
    os._exit(0)
print('parent done')
