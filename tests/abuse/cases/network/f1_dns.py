# attack: looks up a name
# expect: ok
# stdout: ^held True$
# after: worker and neighbours unharmed, container gone
import socket, time
began = time.monotonic()
try:
    print(socket.getaddrinfo('example.com', 80))
except socket.gaierror:
    print('held', time.monotonic() - began < 5)
