# attack: changes the limits, the priority and the input-output class of init
# expect: ok
# stdout: ^held$
# machine: x86_64
# after: worker and neighbours unharmed, container gone
import ctypes, os, resource
libc = ctypes.CDLL(None, use_errno=True)
for name in ('AS', 'CPU', 'NOFILE', 'FSIZE', 'NPROC'):
    try:
        resource.prlimit(1, getattr(resource, 'RLIMIT_' + name), (0, 0))
        print('limited', name)
    except OSError:
        pass
for which, who in ((0, 1), (1, 1), (2, 65534)):  # a process, a group, a user
    if libc.setpriority(which, who, 19) == 0:
        print('reniced', which, who)
for which, who in ((1, 1), (3, 65534)):
    if libc.syscall(251, which, who, 3 << 13) == 0:
        print('idle', which, who)
try:
    os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))
    print('scheduled')
except OSError:
    pass
print('held')
