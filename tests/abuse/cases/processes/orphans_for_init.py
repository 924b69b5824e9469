# attack: leaves orphans faster than init can reap
# expect: ok | time_limit | runtime_error
# limits: {"cpuSeconds": 2, "wallSeconds": 5}
# after: worker and neighbours unharmed, container gone
import os
for _ in range(3000):
    try:
        if os.fork() == 0:
            if os.fork() == 0:
                os._exit(0)
            os._exit(0)
        os.wait()
    except BlockingIOError:
        pass
print('through')
