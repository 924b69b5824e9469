# attack: listens on and looks for abstract Unix sockets
# expect: ok
# stdout: ^\['@mine'\]$
# after: worker and neighbours unharmed, container gone
import socket
mine = socket.socket(socket.AF_UNIX)
mine.bind('\0mine')
print([line.split()[-1] for line in open('/proc/net/unix').read().splitlines()[1:] if '@' in line])
