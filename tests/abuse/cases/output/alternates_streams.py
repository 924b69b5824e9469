# attack: alternates between streams, a byte each
# expect: output_limit | time_limit
# limits: {"cpuSeconds": 10, "wallSeconds": 20}
# after: worker and neighbours unharmed, container gone
import os
while True:
    os.write(1, b'o')
    os.write(2, b'e')
