import socket, selectors
a, b = socket.socketpair(); a.sendall(b"ping"); print(b.recv(10))
try: socket.create_connection(("192.0.2.1", 80), 1)
except OSError as e: print(type(e).__name__)
try: socket.getaddrinfo("example.com", 80)
except OSError as e: print(type(e).__name__)
