# attack: kills everything it may
# expect: runtime_error
# signal: SIGKILL
# after: worker and neighbours unharmed, container gone
import os, signal
for pid in (1, -1):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        print(error)
print('alive', flush=True)
os.kill(os.getpid(), signal.SIGKILL)
