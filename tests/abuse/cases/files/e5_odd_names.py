# attack: makes deep folders and names of odd bytes
# expect: ok
# stdout: ^28 True$
# after: worker and neighbours unharmed, container gone
import os
for name in (b'\x80\xff', b'a\nb', b'-rf', b'n' * 255):
    open(b'/work/' + name, 'w').close()
os.chdir('/work')
depth = 0
try:
    while depth < 5000:
        os.mkdir('d')
        os.chdir('d')
        depth += 1
except OSError as error:
    print(error.errno, depth > 1000)
