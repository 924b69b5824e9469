# attack: ends itself with a signal that has no name
# expect: runtime_error
# signal: SIG50
# after: worker and neighbours unharmed, container gone
import os
os.kill(os.getpid(), 50)
