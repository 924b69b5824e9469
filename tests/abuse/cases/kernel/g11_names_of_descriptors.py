# attack: looks for a folder of the host among its descriptors and its working folder (CVE-2024-21626)
# expect: ok
# stdout: ^/work \[\]\nTrue$
# after: worker and neighbours unharmed, container gone
import os
leaked = [os.readlink(f'/proc/self/fd/{name}') for name in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{name}')]
print(os.getcwd(), [path for path in leaked if path.startswith('/') and not path.startswith(('/dev/null', '/proc/'))])
try:
    print(os.listdir('/proc/self/cwd/../../../../../..') == os.listdir('/'))
except OSError:
    print(True)
