# attack: leaves files, locks, shared memory and queues for the next job
# expect: ok
# stdout: ^\[\] \[\] \[\]\n-1 -1 -1$
# after: worker and neighbours unharmed, container gone
import ctypes, fcntl, os
from multiprocessing import shared_memory
print(os.listdir('/dev/shm'), os.listdir('/tmp'), os.listdir('/dev/mqueue'))
shared_memory.SharedMemory('left', create=True, size=4096)
lock = open('/tmp/lock', 'w')
fcntl.flock(lock, fcntl.LOCK_EX)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.shmget(1, 4096, 0o1666), libc.msgget(1, 0o1666), libc.semget(1, 1, 0o1666))
os._exit(0) if not print(end='', flush=True) else 0
