# attack: suspends itself behind a vfork whose child never ends
# expect: time_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# evidence: wall
# stdout: ^before$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes
libc = ctypes.CDLL(None)
print('before', flush=True)
libc.syscall(58)  # vfork: the parent waits until the child execs or exits
libc.pause()
