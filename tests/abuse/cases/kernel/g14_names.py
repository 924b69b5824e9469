# attack: looks for names of the host, the worker and the fleet
# expect: ok
# stdout: ^sandbox \[\]$
# after: worker and neighbours unharmed, container gone
import os, socket
text = ' '.join([socket.gethostname(), *(f'{name}={value}' for name, value in os.environ.items())])
for path in ('/etc/hostname', '/proc/self/cgroup', '/etc/resolv.conf', '/proc/sys/kernel/domainname', '/etc/machine-id', '/etc/hosts'):
    try:
        text += open(path).read()
    except OSError:
        pass
print(socket.gethostname(), [word for word in ('sandfleet', 'redis', 'worker', 'docker') if word in text.lower()])
