# attack: stops, terminates and kills its parent
# expect: ok
# stdout: ^parent 1$
# after: worker and neighbours unharmed, container gone
import os, signal
parent = os.getppid()
for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL):
    try:
        os.kill(parent, number)
    except OSError:
        pass
print('parent', parent)
