# attack: leaves a tree of three thousand folders, odd names, pipes, sockets, holes and links in circles
# expect: accepted
# tests: [{"expected": "[] ['main.py']"}, {"expected": "[] ['main.py']"}]
# cases: accepted accepted
# limits: {"cpuSeconds": 5, "wallSeconds": 10}
# after: the next case finds a sandbox like the first one's
import os, socket
print(sorted(os.listdir('/tmp')), sorted(os.listdir('/work')))
for top in ('/tmp', '/work'):
    os.chdir(top)
    os.mkfifo('pipe')
    socket.socket(socket.AF_UNIX).bind('socket')
    os.symlink('loop', 'loop')
    os.symlink('/', 'root')
    os.symlink('/proc/self/root', 'self')
    for name in (b'\x80\xff', b'a\nb', b'-rf', b'n' * 255, b' ', b'*'):
        open(os.path.join(top.encode(), name), 'w').close()
    with open('sparse', 'wb') as file:
        file.truncate(1 << 29)
    for n in range(50):
        os.link('sparse', f'hard{n}')
    try:
        while True:
            os.mkdir('d')
            os.chdir('d')
            open('f', 'w').close()
    except OSError:
        pass
    os.chmod('.', 0)
    os.chmod(top, 0)
