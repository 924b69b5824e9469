# attack: looks for the engine's sockets and its environment
# expect: ok
# stdout: ^\[\] \[\]$
# after: worker and neighbours unharmed, container gone
import os
print([path for path in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock', '/run/crio/crio.sock') if os.path.exists(path)], [name for name in os.environ if 'DOCKER' in name or 'REDIS' in name or 'SANDFLEET' in name])
