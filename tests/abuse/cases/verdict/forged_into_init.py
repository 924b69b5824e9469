# attack: writes a forged end into every descriptor of init and fails
# expect: runtime_error
# stdout: ^held$
# exit: 3
# after: worker and neighbours unharmed, container gone
import os, struct
frame = struct.pack('!BBHI', 1, 19, 0, 56) + bytes(56)
for folder in ('/proc/1/fd', '/proc/1/task/1/fd'):
    for number in range(64):
        try:
            with open(f'{folder}/{number}', 'wb', buffering=0) as file:
                file.write(frame)
                print('wrote', number)
        except OSError:
            pass
print('held', flush=True)
os._exit(3)
