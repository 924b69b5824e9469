# attack: has the traceback printer read an endless file
# expect: runtime_error | memory_limit | time_limit
# limits: {"cpuSeconds": 3, "wallSeconds": 4}
# after: worker and neighbours unharmed, container gone
import os
os.remove('main.py')
os.symlink('/dev/zero', 'main.py')
raise ValueError('oops')
