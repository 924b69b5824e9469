# attack: mounts, unmounts and changes the root
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
x = ctypes.c_char_p(b'x')
held(mount=(165, x, x, x), umount=(166, x), pivot=(155, x, x), fsopen=(430, x), fsmount=(432, 0), move=(429, 0, x, 0, x), open_tree=(428, 0, x), setattr=(442, 0, x), chroot=(161, x))
