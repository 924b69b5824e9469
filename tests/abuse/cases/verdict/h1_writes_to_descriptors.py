# attack: writes fake frames to every descriptor
# expect: ok
# stdout: ^held$
# after: worker and neighbours unharmed, container gone
import os, struct
for number in range(3, 64):
    try:
        os.write(number, struct.pack('!BBHI', 1, 19, 0, 56) + bytes(56))
        print('wrote', number)
    except OSError:
        pass
print('held')
