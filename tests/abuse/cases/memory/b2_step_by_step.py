# attack: grows by one MiB at a time
# expect: memory_limit
# limits: {"cpuSeconds": 4, "wallSeconds": 8}
# evidence: memory
# after: worker and neighbours unharmed, container gone
kept = []
while True:
    kept.append(bytearray(1 << 20))
