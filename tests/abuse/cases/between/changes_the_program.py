# attack: replaces its own source, for the next case to run
# expect: accepted
# tests: [{"expected": "honest"}, {"expected": "honest"}, {"expected": "honest"}]
# cases: accepted accepted accepted
# after: the next case runs the program that was sent in
import os
print('honest')
os.chmod('main.py', 0o644)
with open('main.py', 'w') as file:
    file.write('print("cheated")')
os.mkdir('__pycache__')
os.chmod('main.py', 0)
