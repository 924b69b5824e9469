# attack: starts threads for ever
# expect: runtime_error | time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 4}
# after: worker and neighbours unharmed, container gone
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(1e6,)).start()
