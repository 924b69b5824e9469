# attack: leaves a thousand files in each of thirty cases
# expect: accepted
# tests: [⟪29*{"expected": "1"}, ⟫{"expected": "1"}]
# limits: {"cpuSeconds": 5, "wallSeconds": 10}
# after: the last case finds a sandbox like the first one's
import os
print(len(os.listdir('/work')) + len(os.listdir('/tmp')))
for n in range(1000):
    open(f'/tmp/{n}', 'w').close()
