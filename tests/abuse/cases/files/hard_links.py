# attack: makes hard links to what it does not own
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os
for path in ('/etc/passwd', '/usr/bin/env', '/proc/self/exe', '/sandfleet/init'):
    for folder in ('/tmp', '/work'):
        try:
            os.link(path, folder + '/linked')
            print('linked', path)
        except OSError:
            pass
print('held')
