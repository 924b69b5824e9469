# attack: prints one line of 1 GB
# expect: output_limit
# evidence: stdout
# stdout: ^y{262144}$
# after: worker and neighbours unharmed, container gone
import os
for _ in range(1024):
    os.write(1, b'y' * (1 << 20))
