# attack: compiles a hundred thousand lines and one of a hundred MB
# expect: ok | memory_limit | time_limit | runtime_error
# limits: {"cpuSeconds": 5, "wallSeconds": 10}
# after: worker and neighbours unharmed, container gone
exec('x = 1\n' * 100_000)
exec('x = ' + '1+' * 10_000 + '1')
print('ran')
