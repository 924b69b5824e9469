# attack: leaves timers and alarms running, and a child that kills all it can, again and again
# expect: accepted
# tests: [{"expected": "alive"}, {"expected": "alive"}, {"expected": "alive"}]
# cases: accepted accepted accepted
# after: the next case is alone in its sandbox
import os, signal, time
time.sleep(0.2)
print('alive', flush=True)
signal.setitimer(signal.ITIMER_REAL, 5, 0.01)
parent = os.getpid()
if os.fork() == 0:
    os.setsid()
    while os.getppid() == parent:
        time.sleep(0.001)
    while True:
        os.kill(-1, signal.SIGTERM)
        os.kill(-1, signal.SIGSTOP)
