# attack: makes a system call of the x32 ABI
# expect: runtime_error
# stdout: ^ready$
# machine: x86_64
# signal: SIGSYS
# after: worker and neighbours unharmed, container gone
import ctypes
libc = ctypes.CDLL(None)
print('ready', flush=True)
print('answered', libc.syscall(ctypes.c_long(0x40000000 + 39)), flush=True)
