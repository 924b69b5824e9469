# attack: sends descriptors through Unix sockets and never receives them
# expect: ok
# stdout: ^bounded$
# after: worker and neighbours unharmed, container gone
import os, socket
kept = []
try:
    while len(kept) < 400:
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        left.setblocking(False)
        kept.append((left, right))
        while True:
            socket.send_fds(left, [b'x'], [left.fileno(), right.fileno()] * 100)
except OSError as error:
    pass
print('bounded')
