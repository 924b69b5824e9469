# attack: plants settings of the interpreter and runs itself again
# expect: ok
# stdout: ^again$
# after: worker and neighbours unharmed, container gone
import os, sys
if 'AGAIN' not in os.environ:
    open('/tmp/startup.py', 'w').write('print(1)')
    os.environ.update(AGAIN='1', PYTHONSTARTUP='/tmp/startup.py', PYTHONPATH='/tmp', LD_PRELOAD='/tmp/x.so')
    os.execv(sys.executable, [sys.executable, 'main.py'])
print('again')
