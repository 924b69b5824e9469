# attack: starts itself again, detached, and has the copy wait for the next case
# expect: accepted
# tests: [{"expected": "once"}, {"expected": "once"}, {"expected": "once"}]
# cases: accepted accepted accepted
# after: each case prints once
import os, sys
print('once', flush=True)
if os.fork() == 0:
    os.setsid()
    os.execv(sys.executable, [sys.executable, '-c', 'import os, time\nwhile os.getppid() > 1:\n    time.sleep(0.001)\ntime.sleep(0.5)\nwhile True:\n    print("again", flush=True)'])
