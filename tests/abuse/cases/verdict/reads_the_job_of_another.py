# attack: looks for its descriptors and arguments: nothing but its three streams
# expect: ok
# stdout: ^\[0, 1, 2\] 4$
# after: worker and neighbours unharmed, container gone
import os
print(sorted(int(name) for name in os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')))
