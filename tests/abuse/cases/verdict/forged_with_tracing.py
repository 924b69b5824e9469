# attack: traces, stops and signals init with every signal, then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for request in (16, 0x4206, 0):
    libc.ptrace(request, 1, 0, 0)
for number in range(1, 65):
    try:
        os.kill(1, number)
        libc.sigqueue(1, number, None)
        libc.tgkill(1, 1, number)
    except OSError:
        pass
os._exit(3)
