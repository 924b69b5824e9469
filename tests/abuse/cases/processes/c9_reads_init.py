# attack: reads and writes the memory and the descriptors of init
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os
for path in ('/proc/1/mem', '/proc/1/environ', '/proc/1/maps', '/proc/1/fd/0', '/proc/1/fd/1', '/proc/1/root/etc/hostname', '/proc/1/cwd/main.py'):
    for mode in ('rb', 'wb'):
        try:
            with open(path, mode, buffering=0) as file:
                print('opened', path, mode)
        except OSError:
            pass
try:
    print(os.listdir('/proc/1/fd'))
except OSError as error:
    print('held')
