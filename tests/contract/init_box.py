"""A real container with init as PID 1 and a wire to it, without any code of the worker but the frames.

Deadlines guard every wait: a test that hangs fails with what had arrived by then.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet.languages import Language, read_languages
from worker.frame_reader import FrameReader
from worker.frames import (
    Data,
    End,
    Fault,
    FetchEnd,
    Frame,
    Kept,
    Output,
    Ready,
    Wiped,
    encode_fetch,
    encode_file,
    encode_keep,
    encode_stage,
    encode_wipe,
)

PATIENCE_S = 30.0
CAP_BYTES = 64 * 1024
MS = 1000  # microseconds
ROOT = Path(__file__).parents[2]
SECCOMP = ROOT / "worker" / "seccomp.json"
LANGUAGES = read_languages(ROOT / "sandbox-images")
PYTHON = LANGUAGES["python"]
# Pieces of Python the tests share.
BURN = "import time; t = time.process_time()\nwhile time.process_time() < t + .2: pass\n"
FORK_BOMB = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"
OTHERS = "[p for p in os.listdir('/proc') if p.isdigit() and p not in ('1', str(os.getpid()))]"
TMPFS = "rw,nosuid,nodev,noexec,size=16m,uid=65534,gid=65534"


def warm_words(language: Language) -> tuple[str, ...]:
    """The words after ``/sandfleet/init`` that start the warm command of ``language``."""
    environment = (f"{name}={value}" for name, value in language.warm_env.items())
    return (*environment, "--", *language.warm) if language.warm else ()


WARM = warm_words(PYTHON)


@dataclass(frozen=True, slots=True)
class Ran:
    """What one stage came to."""

    end: End
    stdout: bytes
    stderr: bytes


class InitBox:
    """A started container. ``init_args`` are the words after ``/sandfleet/init``, ``options`` docker's."""

    def __init__(
        self, *init_args: str, memory: str = "128m", image: str = PYTHON.image, options: Sequence[str] = ()
    ) -> None:
        self.name = f"sandfleet-test-{uuid.uuid4().hex[:12]}"
        command = ["docker", "run", "--rm", "--interactive", f"--name={self.name}", "--log-driver=none"]
        command += ["--network=none", "--read-only", f"--tmpfs=/work:{TMPFS}", f"--tmpfs=/tmp:{TMPFS}"]
        command += ["--cap-drop=ALL", "--security-opt=no-new-privileges", f"--security-opt=seccomp={SECCOMP}"]
        command += ["--user=65534:65534", "--cpus=1", "--ulimit=core=0"]
        command += [f"--memory={memory}", f"--memory-swap={memory}", "--pids-limit=64"]
        self.client = subprocess.Popen(
            [*command, *options, image, *init_args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        assert self.client.stdin is not None
        assert self.client.stdout is not None
        self._in, self._out = self.client.stdin.fileno(), self.client.stdout.fileno()
        self.reader = FrameReader()
        self._frames: list[Frame] = []
        ready = self.next_frame()
        assert isinstance(ready, Ready), ready
        self.ready = ready

    def send(self, data: bytes) -> None:
        """Write all of ``data``, or what a box that has gone away still takes."""
        deadline = time.monotonic() + PATIENCE_S
        while data and time.monotonic() < deadline:
            if select.select([], [self._in], [], 1)[1]:
                try:
                    data = data[os.write(self._in, data[: select.PIPE_BUF]) :]
                except BrokenPipeError:
                    return

    def next_frame(self) -> Frame | None:
        """The next frame, or None at the end of init's bytes."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._frames:
            assert select.select([self._out], [], [], max(0, deadline - time.monotonic()))[0], (
                "init is silent"
            )
            data = os.read(self._out, 1 << 20)
            if not data:
                self.reader.close()
                return None
            self._frames = self.reader.feed(data)
        return self._frames.pop(0)

    def begin(
        self,
        code: str = "",
        *,
        argv: Sequence[str] = PYTHON.run,
        cpu_ms: int = 20_000,
        wall_ms: int = 20_000,
        caps: tuple[int, int] = (CAP_BYTES, CAP_BYTES),
        stdin: bytes = b"",
        env: Sequence[str] = (),
        warm: bool = False,
    ) -> None:
        """Send a program and its stage."""
        self.reader.begin_stage(caps)
        stage = encode_stage(
            argv, cpu_ms=cpu_ms, wall_ms=wall_ms, caps_bytes=caps, stdin=stdin, env=env, warm=warm
        )
        self.send(encode_file(PYTHON.file, code.encode()) + stage)

    def until_end(self) -> Ran:
        """Everything up to the END of the stage that runs."""
        heard = {"stdout": b"", "stderr": b""}
        while not isinstance(frame := self.next_frame(), End):
            if not isinstance(frame, Output):
                self.destroy()  # no other test shall meet it
                pytest.fail(f"not output: {frame}")
            heard[frame.stream] += frame.data
        return Ran(frame, heard["stdout"], heard["stderr"])

    def until_output(self, wanted: bytes) -> None:
        """Wait until the program has written ``wanted`` to stdout."""
        heard = b""
        while wanted not in heard:
            frame = self.next_frame()
            assert isinstance(frame, Output), frame
            heard += frame.data

    def run(self, code: str = "", **stage: object) -> Ran:
        """Run ``code`` as a stage and return what came of it."""
        self.begin(code, **stage)  # type: ignore[arg-type]  # handed on as they came
        return self.until_end()

    def keep(self) -> Kept:
        """Have the work directory kept."""
        self.reader.begin_keep()
        self.send(encode_keep())
        kept = self.next_frame()
        assert isinstance(kept, Kept), kept
        return kept

    def wipe(self) -> None:
        """Have what programs left removed, and what was kept made again."""
        self.reader.begin_wipe()
        self.send(encode_wipe())
        wiped = self.next_frame()
        assert isinstance(wiped, Wiped), wiped

    def fetch(self, path: str, most: int = 1 << 20) -> tuple[str, bytes, int]:
        """How a file was fetched, what came of it, its size."""
        self.reader.begin_fetch(most)
        self.send(encode_fetch(path, most))
        content = b""
        while not isinstance(frame := self.next_frame(), FetchEnd):
            assert isinstance(frame, Data), frame
            content += frame.data
        return frame.how, content, frame.size_bytes

    def fault(self) -> str:
        """The words of the ERROR frame that must come now, after which init must exit with status 1."""
        frame = self.next_frame()
        assert isinstance(frame, Fault), frame
        assert self.next_frame() is None
        assert self.exit_status() == 1
        return frame.words

    def half_close(self) -> None:
        """Close our writing side: init sees the end of its stdin."""
        assert self.client.stdin is not None
        self.client.stdin.close()

    def exit_status(self) -> int:
        """Wait until init has exited, by itself."""
        return self.client.wait(PATIENCE_S)

    def destroy(self) -> None:
        """Kill whatever is left."""
        if self.client.poll() is None:
            subprocess.run(
                ["docker", "kill", self.name], capture_output=True, timeout=PATIENCE_S, check=False
            )
        self.client.wait(PATIENCE_S)
        for pipe in (self.client.stdin, self.client.stdout):
            if pipe is not None:
                pipe.close()
