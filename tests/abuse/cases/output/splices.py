# attack: floods with sendfile and splice, past the interpreter
# expect: output_limit
# evidence: stdout
# after: worker and neighbours unharmed, container gone
import os
file = os.memfd_create('x')
os.write(file, b'x' * (1 << 20))
for _ in range(64):
    try:
        os.sendfile(1, file, 0, 1 << 20)
    except OSError:
        os.write(1, b'x' * (1 << 20))
