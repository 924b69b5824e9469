# attack: looks for what an earlier run left, then leaves a setuid program
# expect: ok
# stdout: ^\[\] \['main.py'\] \[\]\nTrue True$
# after: worker and neighbours unharmed, container gone
import os, shutil, sys
print(sorted(os.listdir('/tmp')), sorted(os.listdir('/work')), os.listdir('/dev/shm'))
shutil.copy(sys.executable, '/tmp/mine')
os.chmod('/tmp/mine', 0o6755)
print(bool(os.stat('/tmp').st_dev), bool(os.statvfs('/tmp').f_flag & os.ST_NOSUID))
