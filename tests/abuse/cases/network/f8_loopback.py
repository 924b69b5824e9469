# attack: talks to itself on the loopback interface, which works
# expect: ok
# stdout: ^hello$
# after: worker and neighbours unharmed, container gone
import socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b'hello')
print(peer.recv(5).decode())
