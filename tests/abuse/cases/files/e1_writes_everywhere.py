# attack: writes where nobody should
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os
tried = ['/x', '/etc/passwd', '/usr/lib/x', os.__file__, '/proc/sys/kernel/hostname', '/sys/x', '/sandfleet/init', '/dev/x', '/var/x', '/run/x', '/root/x', '/home/x', '/proc/self/oom_score_adj/../../x']
for path in tried:
    try:
        with open(path, 'ab') as file:
            file.write(b'x')
        print('wrote', path)
    except OSError:
        pass
print('held')
