# attack: tries the bridge gateway, the host's ports and private networks
# expect: ok
# stdout: ^True$
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

hosts = ['172.17.0.1', '172.18.0.1', '10.0.0.1', '192.168.0.1', *(f'172.{n}.0.1' for n in range(16, 32))]
print(all(refused(socket.AF_INET, socket.SOCK_STREAM, (host, port)) for host in hosts for port in (22, 2375, 3000, 6379, 8000)))
