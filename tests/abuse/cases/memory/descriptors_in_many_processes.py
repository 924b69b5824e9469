# attack: has every process it may have open every file it may open
# expect: ok | memory_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 15}
# after: worker and neighbours unharmed, container gone
import os, time
try:
    for _ in range(50):
        if os.fork() == 0:
            try:
                while True:
                    os.memfd_create('x')
            except OSError:
                time.sleep(30)
except OSError:
    pass
time.sleep(1)
print('bounded')
