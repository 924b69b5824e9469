# attack: ends, while a daemon of its own goes on writing to its output
# expect: ok
# stdout: ^over$
# after: worker and neighbours unharmed, container gone
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.5)
        while True:
            os.write(1, b'late')
    os._exit(0)
os.wait()
print('over')
