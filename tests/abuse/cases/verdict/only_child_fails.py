# attack: fails in a child alone
# expect: ok
# stdout: ^parent is well$
# after: worker and neighbours unharmed, container gone
import os
if os.fork() == 0:
    os.abort()
os.wait()
print('parent is well')
