# attack: ends half way without cleaning up
# expect: ok
# exit: 0
# stdout: ^half$
# after: worker and neighbours unharmed, container gone
import os
print('half', flush=True)
os._exit(0)
print('whole')
