# attack: writes a byte at a time, as fast as it can
# expect: output_limit
# evidence: stdout
# limits: {"cpuSeconds": 10, "wallSeconds": 20}
# after: worker and neighbours unharmed, container gone
import os
while True:
    os.write(1, b'x')
