# attack: writes the interpreter through /proc/self/mem: only its own copy changes
# expect: ok
# stdout: ^True$
# after: worker and neighbours unharmed, container gone
import ctypes, hashlib
line = next(line for line in open('/proc/self/maps') if '/libc' in line and ' r--p ' in line)
path, start = line.split()[-1], int(line.split('-')[0], 16)
def digest():
    return hashlib.sha256(open(path, 'rb').read()).digest()
before = digest()
try:
    with open('/proc/self/mem', 'r+b', buffering=0) as memory:
        memory.seek(start)
        memory.write(b'XXXX')
except OSError:
    pass
print(digest() == before)
