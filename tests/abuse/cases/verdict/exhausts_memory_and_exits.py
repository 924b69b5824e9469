# attack: takes nearly all memory there is, then fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import os
x = bytearray(b'x') * (90 << 20)
os._exit(3)
