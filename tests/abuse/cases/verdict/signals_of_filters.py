# attack: ends itself with the signal of a system-call filter
# expect: runtime_error
# signal: SIGSYS
# after: worker and neighbours unharmed, container gone
import os, signal
os.kill(os.getpid(), signal.SIGSYS)
