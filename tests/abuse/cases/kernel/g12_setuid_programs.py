# attack: looks for setuid programs and file capabilities in the image
# expect: ok
# stdout: ^\[\]$
# after: worker and neighbours unharmed, container gone
import os, stat
found = []
for folder, folders, files in os.walk('/'):
    if folder.startswith(('/proc', '/sys')):
        folders.clear()
        continue
    for name in files:
        path = folder + '/' + name
        try:
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode) and (info.st_mode & 0o6000 or 'security.capability' in os.listxattr(path, follow_symlinks=False)):
                found.append(path)
        except OSError:
            pass
print(found)
