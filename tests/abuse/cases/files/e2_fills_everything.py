# attack: writes into every folder it can find until there is no room
# expect: ok
# stdout: ^True True$
# limits: {"cpuSeconds": 5, "wallSeconds": 20}
# after: worker and neighbours unharmed, container gone
import os
wrote = {}
for folder, folders, _ in os.walk('/'):
    if folder.startswith(('/proc', '/sys')):
        folders.clear()
        continue
    try:
        with open(folder + '/fill', 'wb', buffering=0) as file:
            mount = os.stat(folder).st_dev
            try:
                while True:
                    wrote[mount] = wrote.get(mount, 0) + file.write(b'x' * (1 << 20))
            except OSError:
                pass
    except OSError:
        pass
print(len(wrote) <= 3, sum(wrote.values()) <= 36 << 20)
