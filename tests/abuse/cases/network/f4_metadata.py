# attack: asks the cloud's metadata service
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
print(refused(socket.AF_INET, socket.SOCK_STREAM, ('169.254.169.254', 80)), refused(socket.AF_INET6, socket.SOCK_STREAM, ('fd00:ec2::254', 80)))
