# attack: locks its memory
# expect: ok
# stdout: ^True$
# after: worker and neighbours unharmed, container gone
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
area = ctypes.create_string_buffer(32 << 20)
libc.mlock(area, ctypes.c_size_t(32 << 20))
libc.mlockall(3)
print(sum(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmLck')) <= 65536)
