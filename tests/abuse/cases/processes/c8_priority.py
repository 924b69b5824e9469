# attack: asks for priority, a real-time scheduler and every CPU
# expect: ok
# stdout: ^True True True True$
# after: worker and neighbours unharmed, container gone
import os
def refused(act, *args):
    try:
        act(*args)
    except OSError as error:
        return error.errno in (1, 13)
    return False
print(refused(os.nice, -5), refused(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50)), refused(os.sched_setaffinity, 0, {0}), refused(os.setpriority, os.PRIO_PROCESS, 0, -10))
