"""Two boxes alive at once: what one offers in every way there is, the other must not find."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.contract.sandbox_harness import REAL, box_spec, real_sandbox, stage
from worker.sandbox import Box, Sandbox

NAMESPACES = "('cgroup', 'ipc', 'mnt', 'net', 'pid', 'uts')"

# Says when it had everything on offer, and until when it stayed.
OFFERS = f"""
import json, os, socket, time
from multiprocessing import shared_memory
servers = [socket.create_server(('0.0.0.0', 7777))]
servers.append(socket.create_server(('::', 7778), family=socket.AF_INET6))
for name in ('\\0neighbour', '/tmp/neighbour'):
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen()
    servers.append(server)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(('0.0.0.0', 7779))
for folder in ('/tmp', '/work', '/dev/shm'):
    open(folder + '/mine', 'w').write('secret')
memory = shared_memory.SharedMemory('offered', create=True, size=4096)
offered = time.time()
time.sleep(5)
told = {{name: os.readlink('/proc/self/ns/' + name) for name in {NAMESPACES}}}
print(json.dumps([offered, time.time(), told]), flush=True)
os._exit(0)
"""

# Looks for all of that again and again, and says when it looked last.
LOOKS = f"""
import glob, json, os, socket, time
hosts = ['127.0.0.1', '0.0.0.0', '::1', 'sandbox', *(f'172.17.0.{{n}}' for n in range(1, 8))]
found = set()
def look():
    for host in hosts:
        for port in (7777, 7778):
            try:
                socket.create_connection((host, port), timeout=0.1).close()
                found.add(f'{{host}} {{port}}')
            except OSError:
                pass
    for name in ('\\0neighbour', '/tmp/neighbour'):
        try:
            socket.socket(socket.AF_UNIX).connect(name)
            found.add(name)
        except OSError:
            pass
    found.update(glob.glob('/tmp/*') + glob.glob('/dev/shm/*') + glob.glob('/dev/mqueue/*'))
    found.update(path for path in glob.glob('/work/*') if path != '/work/main.py')
    for pid in range(2, 300):
        try:
            if pid != os.getpid():
                os.kill(pid, 0)
                found.add(f'process {{pid}}')
        except ProcessLookupError:
            pass
until = time.time() + 2.5
while time.time() < until:
    began = time.time()
    look()
told = {{name: os.readlink('/proc/self/ns/' + name) for name in {NAMESPACES}}}
print(json.dumps([sorted(found), began, told]))
"""


async def told_by(box: Box, code: str) -> Any:
    raw = await box.run(stage(code, wall_s=20))
    assert raw.exit_code == 0, raw.stderr.decode()
    return json.loads(raw.stdout)


async def side_by_side(sandbox: Sandbox, *codes: str) -> list[Any]:
    """What programs tell that run at the same time, each in a box of its own."""
    boxes = await asyncio.gather(*(sandbox.start(box_spec()) for _ in codes))
    try:
        return await asyncio.gather(*(told_by(box, code) for box, code in zip(boxes, codes, strict=True)))
    finally:
        await asyncio.gather(*(box.destroy() for box in boxes))


@pytest.mark.parametrize("kind", REAL)
async def test_nothing_of_a_neighbour_is_found(kind: str) -> None:
    async with real_sandbox(kind) as sandbox:
        offers, looks = await side_by_side(sandbox, OFFERS, LOOKS)

    offered, left, namespaces = offers
    found, last_look, own = looks
    assert offered < last_look < left, "they did not overlap"
    assert found == []
    assert not set(namespaces.values()) & set(own.values())


@pytest.mark.parametrize("kind", REAL)
async def test_a_box_finds_nothing_of_the_one_before(kind: str) -> None:
    """Spares are started ahead, so the second box stood beside the first all the time."""
    leaves = "import json, os; [open(d + '/left', 'w') for d in ('/tmp', '/work', '/dev/shm')]; print(1)"
    looks = "import glob, json; print(json.dumps([*glob.glob('/*/*'), *glob.glob('/dev/shm/*')]))"
    async with real_sandbox(kind) as sandbox:
        first, second = await asyncio.gather(sandbox.start(box_spec()), sandbox.start(box_spec()))
        await told_by(first, leaves)
        found = await told_by(second, looks)
        await asyncio.gather(first.destroy(), second.destroy())

    assert {path for path in found if path.startswith(("/tmp/", "/work/", "/dev/shm/"))} == {"/work/main.py"}
