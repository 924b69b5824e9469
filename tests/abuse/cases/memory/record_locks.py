# attack: takes a million locks on pieces of a file
# expect: ok | memory_limit | time_limit
# limits: {"cpuSeconds": 1, "wallSeconds": 20}
# after: worker and neighbours unharmed, container gone
import fcntl
with open('/tmp/x', 'w') as file:
    try:
        for place in range(0, 2_000_000, 2):
            fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
    except OSError as error:
        pass
print('bounded')
