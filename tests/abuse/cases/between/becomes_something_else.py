# attack: puts a link, a pipe, a folder or nothing in the place of its source
# expect: accepted
# tests: [{"expected": "link ['main.py']", "args": ["link"]}, {"expected": "pipe ['main.py']", "args": ["pipe"]}, {"expected": "folder ['main.py']", "args": ["folder"]}, {"expected": "gone ['main.py']", "args": ["gone"]}, {"expected": "x ['main.py']", "args": ["x"]}]
# cases: accepted accepted accepted accepted accepted
# after: the next case runs the program that was sent in
import os, sys
print(sys.argv[1], os.listdir('.'))
os.remove('main.py')
if sys.argv[1] == 'link':
    os.symlink('/dev/zero', 'main.py')
if sys.argv[1] == 'pipe':
    os.mkfifo('main.py')
if sys.argv[1] == 'folder':
    os.makedirs('main.py/__main__.py')
