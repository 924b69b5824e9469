# attack: has its children signal it without end
# expect: time_limit | runtime_error
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import os, signal
signal.signal(signal.SIGUSR1, lambda *_: None)
me = os.getpid()
for _ in range(8):
    if os.fork() == 0:
        while True:
            os.kill(me, signal.SIGUSR1)
while True:
    signal.pause()
