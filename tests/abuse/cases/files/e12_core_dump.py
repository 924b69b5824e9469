# attack: dies with a large memory, for a core dump
# expect: runtime_error
# signal: SIGABRT
# stdout: ^\(0, 0\)$
# after: worker and neighbours unharmed, container gone
import os, resource
x = b'x' * (64 << 20)
print(resource.getrlimit(resource.RLIMIT_CORE), flush=True)
os.abort()
