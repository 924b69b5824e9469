"""epicbox, in its own virtual environment: IMAGE PROGRAM TIMES; prints one line of JSON."""

import json
import sys
import time

import epicbox

image, program, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
epicbox.configure(profiles=[epicbox.Profile("peer", image)])
files = [{"name": "main.py", "content": program.encode()}]
limits = {"cputime": 5, "realtime": 10, "memory": 128}
seconds, output = [], ""
for _ in range(times):
    began_s = time.monotonic()
    result = epicbox.run("peer", "python3 main.py", files=files, limits=limits)
    seconds.append(time.monotonic() - began_s)
    output = result["stdout"].decode()
print(json.dumps({"seconds": seconds, "output": output}))
