# attack: gives pipes, sockets, folders and nothing for its output files
# expect: ok
# outputFiles: ["pipe", "socket", "folder", "missing", "closed", "other/missing", "file/below"]
# fetched: irregular irregular irregular missing irregular missing irregular
# after: nobody waits for a pipe
import os, socket
os.mkfifo('pipe')
socket.socket(socket.AF_UNIX).bind('socket')
os.mkdir("folder")
os.mkdir("other")
with open('closed', 'w') as file:
    file.write('x')
os.chmod('closed', 0)
open('file', 'w').close()
