# attack: has tracebacks dumped without end by a thread it cannot stop
# expect: time_limit | output_limit
# limits: {"cpuSeconds": 5, "wallSeconds": 1.5}
# after: worker and neighbours unharmed, container gone
import faulthandler, time
faulthandler.dump_traceback_later(0.001, repeat=True)
time.sleep(1e6)
