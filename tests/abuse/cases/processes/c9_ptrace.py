# attack: traces a child
# expect: ok
# stdout: ^-1 1\n-1 1$
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import ctypes, os, signal, time
libc = ctypes.CDLL(None, use_errno=True)
child = os.fork()
if child == 0:
    time.sleep(30)
for request in (16, 0x4206):  # ATTACH, SEIZE
    print(libc.ptrace(request, child, 0, 0), ctypes.get_errno())
os.kill(child, signal.SIGKILL)
