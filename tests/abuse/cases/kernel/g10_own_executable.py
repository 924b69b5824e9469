# attack: overwrites its own executable and init's (CVE-2019-5736)
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os
for path in ('/proc/self/exe', '/proc/1/exe', os.path.realpath('/proc/self/exe')):
    try:
        os.open(path, os.O_WRONLY)
        print('opened', path)
    except OSError:
        pass
print('held')
