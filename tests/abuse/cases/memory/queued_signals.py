# attack: queues signals to itself until the kernel takes no more
# expect: ok | memory_limit
# after: worker and neighbours unharmed, container gone
import ctypes, os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
libc = ctypes.CDLL(None, use_errno=True)
queued = 0
while queued < 200_000 and libc.sigqueue(os.getpid(), int(signal.SIGRTMIN), None) == 0:
    queued += 1
print('bounded')
