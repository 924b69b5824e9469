# attack: returns from main while a thread that is no daemon works on
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# evidence: cpu
# after: worker and neighbours unharmed, container gone
import threading
def spin():
    while True:
        pass
threading.Thread(target=spin).start()
