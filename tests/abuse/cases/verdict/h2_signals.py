# attack: ends by a signal of its own
# expect: runtime_error
# signal: SIGSEGV
# after: worker and neighbours unharmed, container gone
import os, signal
os.kill(os.getpid(), signal.SIGSEGV)
