# attack: parses JSON nested ten million deep
# expect: runtime_error | memory_limit | time_limit
# limits: {"cpuSeconds": 0.5, "wallSeconds": 25}
# after: worker and neighbours unharmed, container gone
import json
json.loads('[' * 10_000_000)
