# attack: writes 1 GiB into an anonymous file
# expect: memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 8}
# evidence: memory
# after: worker and neighbours unharmed, container gone
import os
file = os.memfd_create('x')
for _ in range(1024):
    os.write(file, b'x' * (1 << 20))
