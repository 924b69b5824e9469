# attack: hides data in extended attributes of tmpfs files
# expect: ok | memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 15}
# after: worker and neighbours unharmed, container gone
import os
held = 0
for number in range(3000):
    path = f'/tmp/{number}'
    try:
        open(path, 'w').close()
        os.setxattr(path, 'user.x', b'x' * 65000)
    except OSError:
        held += 1
print('bounded')
