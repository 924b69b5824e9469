# attack: looks for what is expected of it in its files, its environment and its memory
# expect: accepted
# tests: [{"expected": "[]", "stdin": "one"}, {"expected": "[]", "stdin": "two"}]
# cases: accepted accepted
# after: expected answers never enter the sandbox
import glob, os
found = []
for path in glob.glob('/work/[!m]*') + glob.glob('/tmp/**', recursive=True) + ['/proc/self/environ', '/proc/self/cmdline', '/proc/1/cmdline', '/proc/1/environ', '/proc/1/mem']:
    try:
        with open(path, 'rb') as file:
            if b'"expec' + b'ted"' in file.read(1 << 20):
                found.append(path)
    except OSError:
        pass
print(found)
