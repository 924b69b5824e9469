# attack: writes a program and runs it
# expect: ok
# stdout: ^held\nheld\nheld$
# after: worker and neighbours unharmed, container gone
import os, subprocess
for folder in ('/tmp', '/work', '/dev/shm'):
    path = folder + '/program'
    with open(path, 'w') as file:
        file.write('#!/usr/bin/env python3\nprint(1)')
    os.chmod(path, 0o755)
    try:
        subprocess.run([path])
        print('ran', path)
    except PermissionError:
        print('held')
