# attack: writes past the largest file
# expect: ok
# stdout: ^27$
# after: worker and neighbours unharmed, container gone
import os
file = os.memfd_create('x')
try:
    os.ftruncate(file, 1 << 40)
except OSError as error:
    print(error.errno)
