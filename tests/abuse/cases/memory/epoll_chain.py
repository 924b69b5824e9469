# attack: nests and crosses epoll descriptors, for a wake-up storm
# expect: ok
# stdout: ^True$
# after: worker and neighbours unharmed, container gone
import errno, os, select
polls = [select.epoll() for _ in range(200)]
refused = 0
for one in polls:
    for other in polls:
        try:
            one.register(other.fileno(), select.EPOLLIN)
        except OSError:
            refused += 1
read, write = os.pipe()
try:
    polls[-1].register(read, select.EPOLLIN)
except OSError as error:
    refused += error.errno in (errno.ELOOP, errno.EINVAL)
os.write(write, b'x')
print(refused > 0)
