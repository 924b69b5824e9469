# attack: searches the image for secrets and for the worker's source
# expect: ok
# stdout: ^\[\]$
# after: worker and neighbours unharmed, container gone
import os
found = []
for folder, folders, files in os.walk('/', onerror=lambda error: None):
    if folder.startswith(('/proc', '/sys', '/dev')):
        folders.clear()
        continue
    found += [folder + '/' + name for name in files if name in ('docker_sandbox.py', 'redis_queue.py', '.env', 'id_rsa', 'config.json', '.netrc', '.npmrc', '.pypirc', 'docker.sock', 'credentials')]
print(found)
