"""llm-sandbox, in its own virtual environment: IMAGE PROGRAM TIMES; prints one line of JSON.

A session is a container: one for every program, as untrusted code wants it. Its own set-up of
virtual environments inside is left out, in its favour; our image has a read-only user, so it runs
as root, which is its default.
"""

import json
import sys
import time

from llm_sandbox import SandboxSession

image, program, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
seconds, output = [], ""
for _ in range(times):
    began_s = time.monotonic()
    with SandboxSession(
        lang="python",
        image=image,
        keep_template=True,
        skip_environment_setup=True,
        runtime_configs={"user": "root"},
    ) as session:
        output = session.run(program).stdout
        seconds.append(time.monotonic() - began_s)  # its users have the result; removal is not counted
print(json.dumps({"seconds": seconds, "output": output}))
