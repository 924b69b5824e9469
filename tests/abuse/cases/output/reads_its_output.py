# attack: reads back and steals what it or init put into its pipes
# expect: ok
# stdout: over$
# after: worker and neighbours unharmed, container gone
import os
for number, mode in ((1, os.O_RDONLY), (2, os.O_RDONLY), (0, os.O_WRONLY)):
    try:
        os.set_blocking(end := os.open(f'/proc/self/fd/{number}', mode | os.O_NONBLOCK), False)
        os.write(end, b'x') if mode else os.read(end, 10)
    except OSError:
        pass
print('over')
