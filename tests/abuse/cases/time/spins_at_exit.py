# attack: spins after its end: in exit handlers and in what the collector calls
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# evidence: cpu
# stdout: ^main is over$
# after: worker and neighbours unharmed, container gone
import atexit
def spin():
    while True:
        pass
atexit.register(spin)
print('main is over', flush=True)
