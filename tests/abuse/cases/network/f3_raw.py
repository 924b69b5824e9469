# attack: opens datagram, raw, packet, netlink and stranger sockets
# expect: ok
# stdout: ^True\nheld$
# after: worker and neighbours unharmed, container gone
import errno, socket, time
def refused(family, kind, address):
    with socket.socket(family, kind) as client:
        client.settimeout(3)
        try:
            client.connect(address)
            client.send(b'x')
        except OSError as error:
            return error.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EHOSTUNREACH)
    return False

print(refused(socket.AF_INET, socket.SOCK_DGRAM, ('8.8.8.8', 53)))
for family, kind, protocol in ((2, 3, 1), (2, 2, 1), (10, 3, 58), (17, 3, 768), (16, 3, 0), (40, 1, 0), (38, 5, 0), (31, 3, 1), (29, 3, 1), (21, 5, 0), (2, 1, 132), (2, 1, 262), (44, 3, 0), (30, 5, 0), (43, 1, 0)):
    try:
        socket.socket(family, kind, protocol)
        print('opened', family, kind, protocol)
    except OSError as error:
        if error.errno != errno.EPERM:
            print(family, kind, protocol, error)
print('held')
