"""Init's frame reader under sanitizers: fuzzed with libFuzzer where clang is, replayed with any gcc."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.init_seeds import seeds
from tests.fuzz.outcome import Outcome

_HERE = Path(__file__).parent / "init"
CORPUS = _HERE / "corpus"  # made: the fewest inputs that reach whatever was ever reached
FOUND = _HERE / "found"  # each broke init, or showed what was wrong with it, once
_SOURCES = [str(_HERE / name) for name in ("harness.c", "world.c", "sink.c", "files.c")]
_FLAGS = ["-std=gnu11", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"]
_WARNINGS = ["-Wall", "-Wextra", "-Werror"]
_INPUT_BYTES_MAX = 4096
_BUILD_S, _PATIENCE_S = 180, 60
_SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


class Missing(Exception):
    """A program that is needed and not installed; the message names its package."""


def compiler() -> str | None:
    """A gcc that can build the replayer, if there is one."""
    return shutil.which("gcc")


def replay(gcc: str) -> tuple[int, str]:
    """Run the corpus and the seeds once: the exit status, and what was said."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as made:
        home = Path(made)
        program = _build([gcc, "-fsanitize=address,undefined"], [*_SOURCES, str(_HERE / "replay.c")], home)
        inputs = sorted(map(str, [*CORPUS.iterdir(), *FOUND.iterdir(), *_written(home / "seeds")]))
        return _run([program, *inputs], home, _PATIENCE_S)


def campaign(seconds: float, seed: int, *, keep: bool = False) -> Outcome:
    """Fuzz for ``seconds``; with ``keep`` the corpus becomes the least one that covers as much."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as made:
        home = Path(made)
        sources = [*_SOURCES, str(_HERE / "mutator.c")]
        program = _build([_clang(), "-fsanitize=fuzzer,address,undefined"], sources, home)
        grown = home / "corpus"
        grown.mkdir()
        _written(home / "seeds")
        options = [f"-max_total_time={int(seconds)}", f"-max_len={_INPUT_BYTES_MAX}", f"-seed={seed or 1}"]
        options += ["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={home}/"]
        folders = [str(grown), str(CORPUS), str(FOUND), str(home / "seeds")]
        began_s = time.monotonic()
        status, said = _run([program, *options, *folders], home, seconds + _PATIENCE_S)
        spent_s = time.monotonic() - began_s
        crashes = sorted(
            path for path in home.iterdir() if path.name.startswith(("crash-", "timeout-", "oom-"))
        )
        for crash in crashes:
            shutil.copy(crash, Path.cwd() / f"fuzz-init-{crash.name}")
        if keep and status == 0:
            _keep(program, home, folders)
    return Outcome(
        name="init",
        what="bytes of the worker, to the frame reader, stages and files of init (ASan, UBSan, libFuzzer)",
        seed=seed,
        seconds=round(spent_s, 1),
        executions=_figure(r"number_of_executed_units: (\d+)", said),
        findings=_findings(status, said, [path.name for path in crashes]),
        figures={
            "cov": _figure(r".*cov: (\d+)", said),
            "features": _figure(r".*ft: (\d+)", said),
            "inputs": _figure(r".*corp: (\d+)", said),
            "peak_rss_mib": _figure(r"peak_rss_mb: +(\d+)", said),
        },
    )


def _clang() -> str:
    found = next(filter(None, map(shutil.which, ["clang", *(f"clang-{n}" for n in range(21, 13, -1))])), None)
    if found is None:
        raise Missing("clang is not installed; on Debian or Ubuntu: apt-get install clang libclang-rt-dev")
    return found


def _build(compile_with: Sequence[str], sources: Sequence[str], home: Path) -> str:
    program = str(home / "harness")
    done = subprocess.run(
        [*compile_with, *_FLAGS, *_WARNINGS, *sources, "-o", program],
        capture_output=True,
        text=True,
        timeout=_BUILD_S,
        check=False,
    )
    if done.returncode:
        raise Missing(f"the harness could not be built with {compile_with[0]}:\n{done.stderr[-2000:]}")
    return program


def _written(folder: Path) -> list[Path]:
    """The seeds as files."""
    folder.mkdir()
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    return list(folder.iterdir())


def _run(argv: Sequence[str], home: Path, patience_s: float) -> tuple[int, str]:
    """Run niced, with files in memory where that is possible; the exit status and what was said."""
    memory = Path("/dev/shm")
    files = tempfile.mkdtemp(prefix="fuzz-", dir=memory if os.access(memory, os.W_OK) else home)
    try:
        done = subprocess.run(
            ["nice", "-n", "10", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **_SANITIZERS, "TMPDIR": files},
            cwd=home,
            timeout=patience_s,
            check=False,
        )
    finally:
        shutil.rmtree(files)
    return done.returncode, done.stdout


def _keep(program: str, home: Path, folders: Sequence[str]) -> None:
    """The fewest inputs that cover what all of them do, as the new corpus."""
    least = home / "least"
    least.mkdir()
    edges_alone = ["-set_cover_merge=1", "-use_counters=0", "-use_cmp=0", f"-max_len={_INPUT_BYTES_MAX}"]
    _run([program, *edges_alone, str(least), *folders], home, 600)
    for path in CORPUS.iterdir():
        path.unlink()
    for path in least.iterdir():
        shutil.copy(path, CORPUS / path.name[:16])


def _findings(status: int, said: str, crashes: Sequence[str]) -> list[str]:
    if status == 0:
        return []
    words = re.findall(r"^(?:world: .*|.*runtime error: .*|==\d+==ERROR: .*)$", said, re.MULTILINE)
    return [f"{'; '.join(words) or said[-500:]} (input: fuzz-init-{name})" for name in crashes] or [
        said[-500:]
    ]


def _figure(pattern: str, said: str) -> int:
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0
