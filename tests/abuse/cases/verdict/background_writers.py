# attack: leaves writers behind that print forged ends, and fails
# expect: runtime_error
# exit: 3
# after: worker and neighbours unharmed, container gone
import os, struct
frame = struct.pack('!BBHI', 1, 19, 0, 56) + bytes(56)
for _ in range(10):
    if os.fork() == 0:
        os.setsid()
        for _ in range(200):
            os.write(1, frame)
        while True:
            os.write(2, b'')
os._exit(3)
