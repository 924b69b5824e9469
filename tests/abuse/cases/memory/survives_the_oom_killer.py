# attack: shields its children from the OOM killer and sacrifices others
# expect: memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 15}
# evidence: memory
# after: worker and neighbours unharmed, container gone
import os
for value in ('-1000', '0', '-500'):
    try:
        open('/proc/self/oom_score_adj', 'w').write(value)
        print('lowered to', value)
    except OSError:
        pass
for _ in range(4):
    if os.fork() == 0:
        x = bytearray(b'x') * (512 << 20)
        os._exit(0)
for _ in range(4):
    os.wait()
