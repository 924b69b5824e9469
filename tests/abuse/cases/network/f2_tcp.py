# attack: connects to public addresses
# expect: ok
# stdout: ^True True$
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
print(refused(socket.AF_INET, socket.SOCK_STREAM, ('1.1.1.1', 443)), refused(socket.AF_INET6, socket.SOCK_STREAM, ('2606:4700:4700::1111', 443)))
