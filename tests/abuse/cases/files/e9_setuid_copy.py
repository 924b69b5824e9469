# attack: runs a setuid copy of its interpreter
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os, shutil, subprocess, sys
shutil.copy(os.path.realpath(sys.executable), '/tmp/mine')
os.chmod('/tmp/mine', 0o6755)
try:
    print(subprocess.run(['/tmp/mine', '-c', 'import os; print(os.geteuid())'], capture_output=True))
except PermissionError:
    print('held')
