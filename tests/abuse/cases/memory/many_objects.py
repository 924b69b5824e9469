# attack: makes a list of itself without end
# expect: memory_limit | time_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 15}
# after: worker and neighbours unharmed, container gone
x = []
while True:
    x = [x, {}, set(), str(id(x))] * 2
