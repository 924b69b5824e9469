# attack: changes its own idea of the time
# expect: ok
# wall_ms_min: 300
# stdout: ^0$
# after: worker and neighbours unharmed, container gone
import time
began = time.perf_counter
wait = time.sleep
time.time = time.monotonic = time.perf_counter = lambda: 0
wait(0.3)
print(time.time())
