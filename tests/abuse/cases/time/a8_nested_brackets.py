# attack: makes the compiler recurse
# expect: runtime_error | time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
eval('(' * 100000 + ')' * 100000)
