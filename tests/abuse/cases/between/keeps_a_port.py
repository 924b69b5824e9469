# attack: leaves a listener on a port, and a lock on a file, that the next case wants
# expect: accepted
# tests: [{"expected": "mine"}, {"expected": "mine"}]
# cases: accepted accepted
# after: the next case has the port
import fcntl, os, socket
server = socket.create_server(('127.0.0.1', 12345))
lock = open('main.py')
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
print('mine', flush=True)
if os.fork() == 0:
    os.setsid()
    server.accept()
