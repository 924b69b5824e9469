"""What others need for the same program, in the same run and with our own image.

Each is run as its users run it. The engine's own limit is create, start and remove of a container
with our profile and nothing else: what no product that gives every job a container can pass.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import docker

from bench.crun_alone import whole_life
from bench.figures import Figure, latency
from bench.ground import Ground
from bench.machine import at_once, timed
from bench.snippet import OUTPUT, PROGRAM, ROOT, language
from fleet.limits import Bounds
from worker.assembly import default_box
from worker.profile import EngineFacts, Owner, container_config

PART = "peers"
CLI = "docker run --rm"
ENGINE = "engine's limit: create, start, remove"
CRUN = "crun run alone, as many at once as cores"
ISOLATE = "isolate: init, run, cleanup"
_SHELL_IMAGE = "sandfleet-bench/peer"
# They start a shell or keep a container waiting, so init is not its entry point; one says "python".
_DOCKERFILE = """FROM {image}
USER root
RUN ln -sf python3 /usr/bin/python
USER 65534:65534
ENTRYPOINT []
CMD ["python3"]
"""
_INSTALL_S, _RUN_S = 240, 90
_LIBRARIES = {
    "llm-sandbox": ["llm-sandbox==0.3.*", "docker"],
    "epicbox": ["epicbox==1.1.*", "docker", "urllib3<2"],  # it names an option that urllib3 2 dropped
}
_SCRIPTS = Path(__file__).parent / "peer_scripts"


async def measure(ground: Ground) -> list[Figure]:
    """Every peer that can be run here; a line with the reason for each that cannot."""
    figures: list[Figure] = []
    for what in (_cli, _docker_py, _engine_limit, _crun, _isolate, _libraries):
        ground.say(f"peers: {what.__name__.strip('_')}")
        try:
            figures += await what(ground)
        except Exception as error:  # whatever a peer does, the others are measured
            words = " ".join(str(error).split())[:200]
            figures.append(
                Figure(part=PART, name=what.__name__.strip("_"), note=f"could not be run: {words}")
            )
    return figures


async def _cli(ground: Ground) -> list[Figure]:
    def run(*options: str) -> Callable[[], None]:
        command = ["docker", "run", "--rm", *options, "--entrypoint", "python3", language().image]
        return lambda: _checked(_output([*command, "-c", PROGRAM]))

    times = 5 if ground.quick else 12
    plain = await asyncio.to_thread(timed, run(), times)
    lonely = await asyncio.to_thread(timed, run("--network", "none"), times)
    return [latency(PART, CLI, plain), latency(PART, f"{CLI} --network none", lonely)]


async def _docker_py(ground: Ground) -> list[Figure]:
    client = docker.from_env()

    def run() -> None:
        arguments = ["-c", PROGRAM]
        _checked(client.containers.run(language().image, arguments, entrypoint="python3", remove=True))

    try:
        taken_s = await asyncio.to_thread(timed, run, 5 if ground.quick else 10)
    finally:
        client.close()
    return [latency(PART, "docker-py containers.run(remove=True)", taken_s)]


async def _engine_limit(ground: Ground) -> list[Figure]:
    rates: dict[int, float] = {}
    for in_flight in (ground.cores, 2 * ground.cores, 4 * ground.cores):
        rates[in_flight] = await _engine_rate(ground, in_flight, ground.seconds(6))
    best = max(rates, key=lambda in_flight: rates[in_flight])
    told = ", ".join(f"{rate:.1f}/s with {in_flight} at once" for in_flight, rate in rates.items())
    return [Figure(part=PART, name=ENGINE, value=rates[best], unit="/s", note=f"the best of {told}")]


async def _engine_rate(ground: Ground, in_flight: int, seconds: float) -> float:
    spec, owner = default_box(Bounds(), language()), Owner("bench", "engine-limit")
    image = str((await ground.engine.call("inspect_image", language().image))["Id"])
    config = container_config(spec, image, owner, int(time.time()) + 3600, EngineFacts())
    end_s, done = time.monotonic() + seconds, 0

    async def client() -> None:
        nonlocal done
        while time.monotonic() < end_s:
            container = (await ground.engine.call("create_container_from_config", config, None))["Id"]
            try:
                await ground.engine.call("start", container)
            finally:
                await ground.engine.call("remove_container", container, force=True, v=True)
            done += 1

    began_s = time.monotonic()
    await asyncio.gather(*(client() for _ in range(in_flight)))
    return done / (time.monotonic() - began_s)


async def _crun(ground: Ground) -> list[Figure]:
    if ground.host is None:
        return [Figure(part=PART, name=CRUN, note=f"crun cannot be used here: {ground.no_crun}")]
    with whole_life(ground, ground.host) as run:
        alone_s = await asyncio.to_thread(timed, run, 10 if ground.quick else 30)
        rate = await asyncio.to_thread(at_once, run, ground.cores, ground.seconds(6))
    return [
        latency(PART, "crun run alone, one at a time", alone_s),
        Figure(part=PART, name=CRUN, value=rate, unit="/s"),
    ]


async def _isolate(ground: Ground) -> list[Figure]:
    if shutil.which("isolate") is None:
        return [Figure(part=PART, name=ISOLATE, note="isolate is not installed here")]
    interpreter = sys.executable

    def life(box: int) -> None:
        own = ["isolate", f"--box-id={box}"]
        _output([*own, "--init"])
        try:
            words = ["--processes=64", "--wall-time=10", "--run", "--", interpreter, "-c", PROGRAM]
            _checked(_output([*own, *words]))
        finally:
            _output([*own, "--cleanup"])

    alone_s = await asyncio.to_thread(timed, lambda: life(0), 20)
    end_s = time.monotonic() + ground.seconds(6)

    def repeat(box: int) -> int:
        done = 0
        while time.monotonic() < end_s:
            life(box)
            done += 1
        return done

    began_s = time.monotonic()
    done = await asyncio.gather(*(asyncio.to_thread(repeat, box) for box in range(ground.cores)))
    rate = sum(done) / (time.monotonic() - began_s)
    return [
        latency(PART, f"{ISOLATE}, one at a time", alone_s),
        Figure(part=PART, name=ISOLATE, value=rate, unit="/s"),
    ]


async def _libraries(ground: Ground) -> list[Figure]:
    dockerfile = _DOCKERFILE.format(image=language().image).encode()
    command = ["docker", "build", "--quiet", "--tag", _SHELL_IMAGE, "-"]
    await asyncio.to_thread(
        subprocess.run, command, check=True, input=dockerfile, capture_output=True, timeout=60
    )
    try:
        return [await asyncio.to_thread(_library, ground, name) for name in _LIBRARIES]
    finally:
        await ground.engine.call("remove_image", _SHELL_IMAGE)


def _library(ground: Ground, name: str) -> Figure:
    title = f"{name} from PyPI, with our image"
    venv = ground.home / f"peer-{name}"
    try:
        if not (venv / "done").exists():
            ground.say(f"peers: installing {name}")
            shutil.rmtree(venv, ignore_errors=True)
            _output([sys.executable, "-m", "venv", str(venv)], _INSTALL_S)
            install = [
                str(venv / "bin/python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                *_LIBRARIES[name],
            ]
            _output(install, _INSTALL_S)
            (venv / "done").touch()
        script = _SCRIPTS / f"{name.replace('-', '_')}_peer.py"
        command = [str(venv / "bin/python"), str(script), _SHELL_IMAGE, PROGRAM, "3" if ground.quick else "6"]
        told = json.loads(_output(command, _RUN_S).splitlines()[-1])
    except subprocess.CalledProcessError as error:
        words = (error.stderr or b"").decode(errors="replace").strip().splitlines()[-1:]
        return Figure(part=PART, name=title, note=f"{name}: {' '.join(words)[:200]}")
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return Figure(part=PART, name=title, note=f"{name}: {str(error)[:200]}")
    if told["output"] != OUTPUT:
        return Figure(part=PART, name=title, note=f"{name} printed {told['output'][:60]!r}")
    return latency(PART, title, told["seconds"])


def _output(command: Sequence[str], patience_s: float = 60) -> bytes:
    """What a program writes. Raises ``subprocess.SubprocessError`` or ``OSError``."""
    return subprocess.run(
        command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=patience_s, cwd=ROOT
    ).stdout


def _checked(output: bytes) -> None:
    if output != OUTPUT.encode():
        raise OSError(f"printed {output[:60]!r} instead of {OUTPUT!r}")
