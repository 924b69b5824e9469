# attack: opens files by handle (shocker)
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
buffer = ctypes.create_string_buffer(256)
held(name=(303, -100, ctypes.c_char_p(b'/'), buffer, buffer), open=(304, 3, buffer, 0))
