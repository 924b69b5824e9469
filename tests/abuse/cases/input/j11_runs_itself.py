# attack: reads and runs itself without end
# expect: runtime_error
# limits: {"cpuSeconds": 3, "wallSeconds": 8}
# after: worker and neighbours unharmed, container gone
exec(open('main.py').read())
