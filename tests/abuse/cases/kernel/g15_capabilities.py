# attack: reads its own credentials
# expect: ok
# stdout: ^0 0 0 0 0 1 2 65534 65534$
# after: worker and neighbours unharmed, container gone
import os
status = dict(line.split(':\t', 1) for line in open('/proc/self/status').read().splitlines())
print(*(int(status[name], 16) for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')), status['NoNewPrivs'], status['Seccomp'], os.getuid(), os.getgid())
