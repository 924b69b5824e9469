# attack: pushes input into a terminal and makes terminals
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import fcntl, os
for request, argument in ((0x5412, b'x'), (0x541C, b'x'), (0x5423, b'\0' * 4), (0x540E, 0)):  # TIOCSTI, TIOCLINUX, TIOCSETD, TIOCSCTTY
    for number in (0, 1, 2):
        try:
            fcntl.ioctl(number, request, argument)
            print('done', hex(request))
        except OSError:
            pass
try:
    os.openpty()
    print('opened a terminal')
except OSError:
    print('held')
