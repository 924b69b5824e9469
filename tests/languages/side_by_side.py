"""Run programs twice, plainly and in a box, and hand back the bytes of both.

``plain`` starts the interpreter as a person would, from a shell in the language's image, without
init and its hooks; all programs share one container. ``boxed`` is what a job gets: the worker's
own sandbox, one box a program, started ahead.
"""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fleet.languages import Language
from fleet.limits import MIB, Limits
from tests.contract.sandbox_harness import real_sandbox
from worker.sandbox import BoxSpec, RawOutcome, Sandbox, Stage

ROOT = Path(__file__).parents[2]
MEMORY_BYTES = 128 * MIB
PROCESSES = 64
LIMITS = Limits(cpu_s=60, wall_s=60, stdout_bytes=MIB, stderr_bytes=MIB)  # a busy machine must not matter
AT_ONCE = 3
PATIENCE_S = 200

_PRIVATE = re.compile(rb"(?<= at 0x)7[0-9a-f]{11}(?=>)|(?<=^\(node:)\d+(?=\))", re.MULTILINE)

# For each program: a fresh /work, three pipes, and no variable but those every program sees.
_SHELL = r"""
mkdir /tmp/programs && cd /tmp/programs && tar -xof - || exit 1
for folder in /tmp/programs/*; do
    find /work /tmp -mindepth 1 -maxdepth 1 ! -path /tmp/programs -exec rm -rf {} +
    cp -P "$folder"/work/* /work && cd /work || exit 1
    {
        cat "$folder/stdin" | {
            (exec env -i PATH="$PATH" HOME=/work LANG=C.UTF-8 "$@") 2>&3 3>&-
            echo $? > "$folder/status"
        } | cat > "$folder/stdout"
    } 3>&1 | cat > "$folder/stderr"
done
cd /tmp/programs && tar -cf - */status */stdout */stderr
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A source file, and what it reads."""

    language: Language
    path: Path

    @property
    def name(self) -> str:
        """Unique within the language."""
        return self.path.stem

    @property
    def stdin(self) -> bytes:
        """What ``NAME.in`` beside it holds; nothing if there is no such file."""
        beside = self.path.with_suffix(".in")
        return beside.read_bytes() if beside.exists() else b""

    @property
    def suffix_differs(self) -> bool:
        """It says by its suffix what the interpreter must find out by itself when it is a job."""
        return self.path.suffix != Path(self.language.file).suffix


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody who ran the program saw. ``status`` is as a shell tells it: 128 + signal."""

    status: int
    stdout: bytes
    stderr: bytes

    def comparable(self) -> Seen:
        """Itself but for what no two runs share: addresses, and the process number in node's warnings."""
        return Seen(self.status, _PRIVATE.sub(b"...", self.stdout), _PRIVATE.sub(b"...", self.stderr))


def programs_in(folder: Path, language: Language) -> list[Program]:
    """The programs in ``folder``: files whose suffix is the language's, or a longer form of it."""
    last = Path(language.file).suffix[1:]
    return [
        Program(language, path)
        for path in sorted(folder.iterdir())
        if path.suffix in (f".{last}", f".m{last}")
    ]


def plain(language: Language, programs: Iterable[Program]) -> dict[str, Seen]:
    """What each program does when its interpreter is simply started."""
    command = ["docker", "run", "--rm", "--interactive", "--log-driver=none", "--network=none", "--read-only"]
    command += ["--cap-drop=ALL", "--security-opt=no-new-privileges", "--hostname=sandbox", "--cpus=1"]
    command += [f"--security-opt=seccomp={ROOT / 'worker' / 'seccomp.json'}", f"--pids-limit={PROCESSES + 8}"]
    command += [f"--memory={MEMORY_BYTES}", f"--memory-swap={MEMORY_BYTES}", "--ulimit=nofile=1024:1024"]
    command += [
        f"--tmpfs={path}:rw,nosuid,nodev,noexec,size=32m,uid=65534,gid=65534" for path in ("/work", "/tmp")
    ]
    command += ["--entrypoint=sh", language.image, "-c", _SHELL, "sh", *language.run]
    ran = subprocess.run(
        command, input=_packed(language, programs), capture_output=True, timeout=PATIENCE_S, check=True
    )
    files: dict[str, dict[str, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(ran.stdout)) as archive:
        for member in archive:
            name, file = member.name.split("/")
            content = archive.extractfile(member)
            assert content is not None
            files.setdefault(name, {})[file] = content.read()
    return {name: Seen(int(of["status"]), of["stdout"], of["stderr"]) for name, of in files.items()}


def boxed(kind: str, programs: Sequence[Program]) -> dict[str, Seen | BaseException]:
    """What each program does as a job, in a box of its own; or why it could not be seen."""
    return asyncio.run(_boxed(kind, programs))


async def _boxed(kind: str, programs: Sequence[Program]) -> dict[str, Seen | BaseException]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(sandbox: Sandbox, program: Program) -> Seen:
        async with turn:
            return _seen(await _run(sandbox, program))

    async with real_sandbox(kind, start_s=60, lifetime_s=600) as sandbox:
        running = [one(sandbox, program) for program in programs]
        seen = await asyncio.gather(*running, return_exceptions=True)
    return {program.name: what for program, what in zip(programs, seen, strict=True)}


async def _run(sandbox: Sandbox, program: Program) -> RawOutcome:
    language = program.language
    files = ((language.file, program.path.read_bytes()),)
    stage = Stage(language.run, LIMITS, program.stdin, files, warm=bool(language.warm))
    box = await sandbox.start(BoxSpec(language, MEMORY_BYTES, PROCESSES))
    try:
        return await box.run(stage)
    finally:
        await box.destroy()


def _seen(raw: RawOutcome) -> Seen:
    assert raw.limit is None, raw
    assert raw.oom_kills == 0, raw
    status = raw.exit_code if raw.exit_code is not None else 128 + (raw.signal or 0)
    return Seen(status, raw.stdout, raw.stderr)


def _packed(language: Language, programs: Iterable[Program]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:

        def add(path: str, content: bytes) -> None:
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

        for program in programs:
            folder = f"{program.name}/work"
            file = Path(language.file).with_suffix(program.path.suffix).name
            add(f"{folder}/{file}", program.path.read_bytes())
            add(f"{program.name}/stdin", program.stdin)
            if program.suffix_differs:  # the same command runs it, by way of a link
                link = tarfile.TarInfo(f"{folder}/{language.file}")
                link.type, link.linkname = tarfile.SYMTYPE, f"/work/{file}"
                archive.addfile(link)
    return packed.getvalue()
