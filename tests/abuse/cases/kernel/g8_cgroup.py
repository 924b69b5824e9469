# attack: writes release_agent and other cgroup files (CVE-2022-0492)
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import glob, os
wrote = []
for path in glob.glob('/sys/fs/cgroup/**', recursive=True):
    try:
        if os.path.isfile(path):
            with open(path, 'a') as file:
                file.write('1')
        else:
            os.mkdir(path + '/x')
        wrote.append(path)
    except OSError:
        pass
print(wrote or 'held')
