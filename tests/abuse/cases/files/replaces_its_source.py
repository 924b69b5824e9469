# attack: replaces its own source by links and devices, then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import os
os.remove('main.py')
for target in ('/etc/shadow', '/proc/self/fd/0', '/proc/1/mem', '/dev/zero'):
    os.symlink(target, 'main.py')
    os.remove('main.py')
os.symlink('/dev/zero', 'main.py')
os.rename('/work/main.py', '/work/x')
os.mkfifo('main.py')
os._exit(3)
