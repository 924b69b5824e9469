# attack: fills the buffers of loopback connections
# expect: ok | memory_limit | time_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 4}
# after: worker and neighbours unharmed, container gone
import socket
server = socket.create_server(('127.0.0.1', 0), backlog=400)
kept = []
try:
    for _ in range(400):
        client = socket.create_connection(server.getsockname())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
        client.setblocking(False)
        peer, _ = server.accept()
        kept += [client, peer]
        try:
            while True:
                client.send(b'x' * 65536)
        except BlockingIOError:
            pass
except OSError:
    pass
print('bounded')
