# attack: leaves word for the next case in the times of the folders that it owns
# expect: accepted
# tests: [{"expected": "nothing"}, {"expected": "nothing"}]
# cases: accepted accepted
# after: the folders of the next case have times of its own
import os

SECRET = 4102444800_123456789
TOPS = ("/work", "/tmp", "/dev/shm")
times = {time for top in TOPS for time in (os.stat(top).st_atime_ns, os.stat(top).st_mtime_ns)}
print("told" if SECRET in times else "nothing")
for top in TOPS:
    os.utime(top, ns=(SECRET, SECRET))
