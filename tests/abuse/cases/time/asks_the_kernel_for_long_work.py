# attack: asks for single system calls that take long
# expect: ok | time_limit | memory_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import os
for _ in range(2000):
    file = os.open('/dev/zero', os.O_RDONLY)
    os.read(file, 8 << 20)
    os.close(file)
