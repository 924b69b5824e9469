# attack: sends a pattern into catastrophic backtracking
# expect: time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# evidence: cpu
# after: worker and neighbours unharmed, container gone
import re
re.match(r'(a+)+$', 'a' * 64 + 'b')
