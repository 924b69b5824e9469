# attack: takes every inotify instance and watch the user may have
# expect: ok
# stdout: ^True$
# after: worker and neighbours unharmed, container gone
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
made = 0
while made < 2000 and libc.inotify_init1(0) >= 0:
    made += 1
print(made <= 1024)
