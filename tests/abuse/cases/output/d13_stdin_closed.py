# attack: closes stdin while much is waiting
# expect: ok
# stdin: 1000000
# stdout: ^done$
# after: worker and neighbours unharmed, container gone
import os
os.close(0)
print('done')
