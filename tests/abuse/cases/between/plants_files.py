# attack: leaves files in every folder it can write to, for the next case to find
# expect: accepted
# tests: [{"expected": "[] ['main.py'] []"}, {"expected": "[] ['main.py'] []"}, {"expected": "[] ['main.py'] []"}]
# cases: accepted accepted accepted
# after: the next case finds a sandbox like the first one's
import os
print(sorted(os.listdir('/tmp')), sorted(os.listdir('/work')), sorted(os.listdir('/dev/shm')))
for folder in ('/tmp', '/work', '/dev/shm'):
    os.makedirs(folder + '/deep/er')
    for name in ('answer', 'sitecustomize.py', 'usercustomize.py', 'os.py', '.hidden', b'\xff\n'.decode('utf-8', 'surrogateescape')):
        with open(f'{folder}/{name}', 'w') as file:
            file.write('print("cheated")')
