# attack: takes every right away from the folders of the next case
# expect: accepted
# tests: [{"expected": "wrote"}, {"expected": "wrote"}, {"expected": "wrote"}]
# cases: accepted accepted accepted
# after: the next case can write where the first could
import os
for folder in ('/tmp', '/work', '/dev/shm'):
    with open(folder + '/file', 'w') as file:
        file.write('x')
print('wrote')
os.makedirs('/work/a/b/c')
for path in ('/work/a/b/c', '/work/a/b', '/work/a', '/work/main.py', '/work/file', '/tmp/file', '/tmp', '/dev/shm', '/work'):
    os.chmod(path, 0)
