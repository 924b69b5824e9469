# attack: kills its process group and its session
# expect: runtime_error
# stdout: ^before$
# signal: SIGKILL
# after: worker and neighbours unharmed, container gone
import os, signal
print('before', flush=True)
os.killpg(0, signal.SIGKILL)
print('after', flush=True)
