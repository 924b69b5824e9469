# attack: leaves pipes, sockets, links in circles and folders without permission
# expect: ok
# stdout: ^held\nheld$
# after: worker and neighbours unharmed, container gone
import os, socket
os.chdir('/work')
os.mkfifo('pipe')
socket.socket(socket.AF_UNIX).bind('socket')
os.symlink('loop', 'loop')
os.symlink('/etc/shadow', 'shadow')
os.mkdir('closed')
open('closed/file', 'w').close()
os.chmod('closed', 0)
os.chmod('/work', 0)
for device in (0o020000, 0o060000):
    try:
        os.mknod('/tmp/device', device | 0o666, os.makedev(1, 5))
        print('made a device')
    except OSError:
        print('held')
