"""The readers of what sandboxes say, fed with garbage: guided by coverage where atheris is installed."""

from __future__ import annotations

import importlib.util
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.processes import ROOT
from tests.fuzz.outcome import Outcome

_WHAT = "bytes of init and engine, to FrameReader, Conversation and AttachedStream"
_RSS_MIB_MAX = 512
_LENGTHS = (0, 3, 8, 20, 60, 200, 600)


def campaign(seconds: float, seed: int) -> Outcome:
    """Fuzz for ``seconds`` in a process of its own."""
    guided = importlib.util.find_spec("atheris") is not None
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as home:
        corpus = Path(home) / "corpus"
        corpus.mkdir()
        for number, recipe in enumerate(recipes(random.Random(seed), 200)):  # noqa: S311
            (corpus / str(number)).write_bytes(recipe)
        options = [f"-max_total_time={int(seconds)}", f"-seed={seed or 1}", f"-rss_limit_mb={_RSS_MIB_MAX}"]
        options += ["-max_len=2048", "-timeout=20", "-print_final_stats=1", f"-artifact_prefix={home}/"]
        argv = [*options, str(corpus)] if guided else [f"{seconds}", f"{seed}"]
        done = subprocess.run(
            ["nice", "-n", "10", sys.executable, "-m", "tests.fuzz.frames_process", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=ROOT,
            timeout=seconds + 120,
            check=False,
        )
    said = done.stdout
    peak_mib = _figure(r"peak_rss_mb: +(\d+)", said)
    findings = [said[-1500:]] if done.returncode else []
    findings += [f"{peak_mib} MiB were resident"] if peak_mib > _RSS_MIB_MAX else []
    figures: dict[str, float | int | str] = {
        "engine": "atheris" if guided else "random",
        "peak_rss_mib": peak_mib,
    }
    if guided:
        figures |= {"cov": _figure(r".*cov: (\d+)", said), "features": _figure(r".*ft: (\d+)", said)}
    return Outcome(
        name="frames",
        what=_WHAT,
        seed=seed,
        seconds=round(time.monotonic() - began_s, 1),
        executions=_figure(r"number_of_executed_units: (\d+)", said),
        findings=findings,
        figures=figures,
    )


def recipes(rng: random.Random, count: int) -> list[bytes]:
    """Random recipes of every length, most of them of frames that fit together."""
    made = []
    for number in range(count):
        data = bytearray(rng.randbytes(rng.choice(_LENGTHS) + 7))
        if number % 3:  # READY, and then output and last words rather than noise
            data[4:7] = b"\1\1\1"
            for at in range(7, len(data)):
                data[at] = rng.choice((0x21, 0x22, 3, 4, *(0,) * 8, data[at] if number % 3 == 1 else 0))
        made.append(bytes(data))
    return made


def unguided(seconds: float, seed: int) -> int:
    """Random recipes for ``seconds``; how many. Raises what a reader raised, with the recipe."""
    from tests.fuzz.frames_target import one_input  # late: atheris must have its hands on it first

    rng, executions, end_s = random.Random(seed), 0, time.monotonic() + seconds  # noqa: S311
    while time.monotonic() < end_s:
        for recipe in recipes(rng, 100):
            try:
                one_input(recipe)
            except BaseException:
                sys.stderr.write(f"recipe {recipe.hex()}\n")
                raise
        executions += 100
    return executions


def peak_rss_mib() -> int:
    """The most memory this process ever had resident."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _figure(pattern: str, said: str) -> int:
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0
