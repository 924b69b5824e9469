# attack: runs what it wrote through the dynamic loader, and loads a library it wrote
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import ctypes, glob, os, shutil, subprocess, sys
shutil.copy(os.path.realpath(sys.executable), '/tmp/mine')
for loader in glob.glob('/lib*/ld-*.so*') + glob.glob('/lib/*/ld-*.so*'):
    ran = subprocess.run([loader, '/tmp/mine', '-c', 'print(1)'], capture_output=True)
    if ran.returncode == 0:
        print('ran by', loader)
library = next(path for path in open('/proc/self/maps').read().split() if '/libc.so' in path or '/libc-' in path)
shutil.copy(library, '/tmp/library.so')
try:
    ctypes.CDLL('/tmp/library.so')
    print('loaded')
except OSError:
    print('held')
