# attack: puts a filter of its own over ours that allows everything
# expect: ok
# stdout: ^-1 -1 -1$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]
allow = Program(1, bytes.fromhex('060000000000ff7f'))  # return SECCOMP_RET_ALLOW
libc.prctl(22, 2, ctypes.byref(allow))
libc.syscall(317, 1, 0, ctypes.byref(allow))
print(libc.unshare(0x10000000), libc.ptrace(0, 0, 0, 0), libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0))
