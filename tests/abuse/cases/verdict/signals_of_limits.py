# attack: ends itself with the signal of a CPU limit
# expect: runtime_error
# signal: SIGXCPU
# after: worker and neighbours unharmed, container gone
import os, signal
os.kill(os.getpid(), signal.SIGXCPU)
