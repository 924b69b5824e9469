# attack: makes new namespaces
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
held(user=(272, 0x10000000), mnt=(272, 0x20000), net=(272, 0x40000000), pid=(272, 0x20000000), time=(272, 0x80), setns=(308, 0, 0), clone_user=(56, 0x10000000 | 17), clone_all=(56, 0x7E020000 | 17), clone3=(435, 0, 64))
