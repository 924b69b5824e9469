# attack: becomes a sibling of its parent, so that it is no child of its own
# expect: ok
# stdout: ^over$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0) == 0:  # CLONE_PARENT: init gets a child it did not start
    libc.pause()
print('over')
