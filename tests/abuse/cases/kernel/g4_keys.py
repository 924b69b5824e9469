# attack: puts keys into the kernel's keyrings and reads those of others
# expect: ok
# stdout: ^held\n''$
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
text = ctypes.c_char_p(b'user')
held(add=(248, text, text, text, 4, -3), request=(249, text, text, 0, -3), keyctl=(250, 0, -3, 1), join=(250, 1, 0))
print(repr(open('/proc/keys').read()))
