# attack: ignores every signal that can be ignored, then spins
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# signal: SIGKILL
# after: worker and neighbours unharmed, container gone
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while True:
    pass
