# attack: writes to the Redis and the API of the fleet at addresses it guesses
# expect: ok
# stdout: ^\[\]$
# limits: {"cpuSeconds": 5, "wallSeconds": 20}
# after: worker and neighbours unharmed, container gone
import socket
reached = []
for host in ('127.0.0.1', '::1', '0.0.0.0', 'redis', 'api', 'host.docker.internal', '172.17.0.1', '172.18.0.2', '172.19.0.2', '10.0.2.2', 'fe80::1%lo'):
    for port in (6379, 3000, 9101, 2375, 2376, 5000):
        try:
            with socket.create_connection((host, port), timeout=0.5) as client:
                client.sendall(b'LPUSH problems x\r\n')
                reached.append((host, port))
        except OSError:
            pass
print(reached)
