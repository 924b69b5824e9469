# attack: reads and writes another process
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in args]
    answer = libc.syscall(ctypes.c_long(number), *words, *[ctypes.c_long(0)] * (6 - len(words)))
    return 'done' if answer >= 0 else errno.errorcode[ctypes.get_errno()]
def held(**calls):
    wrong = {name: answer for name, (*words,) in calls.items() if (answer := call(*words)) not in ('EPERM', 'ENOSYS')}
    print(wrong or 'held')
child = os.fork()
if child == 0:
    os.read(0, 1)
    import time; time.sleep(5)
buffer = ctypes.create_string_buffer(64)
held(ptrace=(101, 16, child), read=(310, child, buffer, 1, buffer, 1), write=(311, child, buffer, 1, buffer, 1), getfd=(438, 3, 0), kcmp=(312, os.getpid(), child), madvise=(440, 3, buffer, 1, 8), mrelease=(448, 3))
os.kill(child, 9)
