# attack: makes the compiler fold a constant of 10 GB
# expect: ok | runtime_error | time_limit | memory_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
compile('x = "a" * 10 ** 10', 'x', 'exec')
x = 'a' * 10 ** 10
