# attack: leaves processes behind that write to the output and the files of the next case
# expect: accepted
# tests: [{"expected": "2 []"}, {"expected": "2 []"}, {"expected": "2 []"}]
# cases: accepted accepted accepted
# after: the next case is alone in its sandbox
import os, signal, time
time.sleep(0.1)
print(len([name for name in os.listdir('/proc') if name.isdecimal()]), [name for name in os.listdir('/work') if name != 'main.py'], flush=True)
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            time.sleep(0.001)
            for folder in ('/tmp', '/work', '/dev/shm'):
                try:
                    open(f'{folder}/{os.getpid()}', 'w').close()
                except OSError:
                    pass
