# attack: floods its output through many children
# expect: output_limit
# evidence: stdout
# truncated: true
# after: worker and neighbours unharmed, container gone
import os
for _ in range(30):
    if os.fork() == 0:
        while True:
            os.write(1, b'x' * 4096)
while True:
    os.wait()
