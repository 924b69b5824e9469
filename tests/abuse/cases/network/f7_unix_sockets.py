# attack: looks for Unix sockets of the host
# expect: ok
# stdout: ^\[\]\nheld$
# after: worker and neighbours unharmed, container gone
import glob, os, socket
print([line for line in open('/proc/net/unix').read().splitlines()[1:]])
for path in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '\0/containerd-shim', '\0dbus'):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print('connected', path)
    except OSError:
        pass
print('held')
