# attack: floods both streams at once
# expect: output_limit
# after: worker and neighbours unharmed, container gone
import os
if os.fork():
    while True:
        os.write(1, b'x' * 65536)
while True:
    os.write(2, b'x' * 65536)
