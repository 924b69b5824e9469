"""``crun run`` by itself: the whole life of a container with an interpreter's start in it.

The same unpacked image and the same profile as the boxes of the crun runtime, but nothing started
ahead and nothing but crun around it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.ground import Ground
from bench.snippet import LANGUAGE, OUTPUT, PROGRAM, language
from fleet.limits import Bounds
from worker.assembly import default_box
from worker.cgroups import remove_if_empty
from worker.crun import _make_namespace
from worker.crun_sandbox import Host
from worker.oci import Place, oci_config

_HOST_ID = 1_879_048_192  # of root inside, as boxes of the runtime have it
_CGROUPS = "/sandfleet-bench"
_PATIENCE_S = 30.0


@contextlib.contextmanager
def whole_life(ground: Ground, host: Host) -> Iterator[Callable[[], None]]:
    """A call that runs the program in a container of its own, to its end. Safe in several threads."""
    namespace, idle = _make_namespace(host.hierarchies.hybrid)
    numbers = itertools.count(1)
    folder = ground.run / "crun-alone"
    folder.mkdir()

    def run() -> None:
        name = f"bench-{os.getpid()}-{next(numbers)}"
        bundle = folder / name
        bundle.mkdir()
        (bundle / "config.json").write_text(json.dumps(_config(ground, host, f"{_CGROUPS}/{name}")))
        try:
            _run(host.crun, namespace, folder / ".state", bundle)
        finally:
            shutil.rmtree(bundle)

    try:
        yield run
    finally:
        os.close(namespace)
        if idle is not None:
            os.close(idle)
        remove_if_empty(host.hierarchies, _CGROUPS)


def _config(ground: Ground, host: Host, cgroup: str) -> dict[str, object]:
    image = ground.images[LANGUAGE]
    place = Place(
        rootfs=str(image.rootfs),
        entrypoint=(),
        environment=image.config.environment,
        cgroup=cgroup,
        host_id=_HOST_ID if host.user_namespaces else None,
    )
    config = oci_config(default_box(Bounds(), language()), place, host.facts)
    config["process"]["args"] = ["python3", "-c", PROGRAM]
    return config


def _run(crun: str, namespace: int, state: Path, bundle: Path) -> None:
    command = ["nsenter", f"--mount=/proc/self/fd/{namespace}", "--"]
    command += [
        crun,
        f"--root={state}",
        "--cgroup-manager=cgroupfs",
        "run",
        f"--bundle={bundle}",
        bundle.name,
    ]
    # Pipes, never /dev/null: crun gives what it gets as stdio to the container's user.
    done = subprocess.run(
        command, input=b"", capture_output=True, pass_fds=[namespace], timeout=_PATIENCE_S, check=False
    )
    if done.stdout != OUTPUT.encode():
        raise RuntimeError(f"crun run gave {done.stdout!r}, status {done.returncode}: {done.stderr[-300:]!r}")
