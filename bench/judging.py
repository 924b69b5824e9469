"""What it is worth to compile once: one job with many cases, beside as many jobs with one case each."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import Any

from bench.figures import Figure
from bench.ground import Ground
from bench.services import Cast, running

PART = "judging"
LANGUAGE = "cpp"
_CASES = 100
_ROUNDS = 3
_PROGRAM = "#include <iostream>\nint main() { int n; std::cin >> n; std::cout << 2 * n << std::endl; }\n"


async def measure(ground: Ground) -> list[Figure]:
    """A C++ program over HTTP on the docker runtime: every case is checked, every verdict looked at."""
    ground.say(f"judging: {LANGUAGE}, {_CASES} cases in one job and in as many")
    async with running(ground, Cast(language=LANGUAGE)) as fleet:
        await fleet.judged(_job(range(1)))
        together: list[tuple[float, dict[str, Any]]] = []
        for _ in range(_ROUNDS):
            await fleet.drained()
            began_s = time.monotonic()
            result = await fleet.judged(_job(range(_CASES)))
            together.append((time.monotonic() - began_s, result))
        await fleet.drained()
        turns = asyncio.Semaphore(4 * ground.cores)

        async def alone(case: int) -> None:
            async with turns:
                await fleet.judged(_job(range(case, case + 1)))

        began_s = time.monotonic()
        await asyncio.gather(*map(alone, range(_CASES)))
        apart_s = time.monotonic() - began_s
    together_s = median(took_s for took_s, _ in together)
    compile_ms = median(result["compile"]["wallMs"] for _, result in together)
    each = 1e3 * (together_s - compile_ms / 1e3) / _CASES
    return [
        Figure(
            part=PART, name=f"one job with {_CASES} cases", value=1e3 * together_s, unit="ms",
            note=f"the median of {_ROUNDS}; {compile_ms:.0f} ms of it the compile, {each:.1f} ms each case",
        ),
        Figure(
            part=PART, name=f"{_CASES} jobs with one case", value=1e3 * apart_s, unit="ms",
            note=f"{4 * ground.cores} in flight on {ground.cores} slots",
        ),
        Figure(part=PART, name="compiling once is faster by", value=apart_s / together_s, unit="x"),
    ]  # fmt: skip


def _job(numbers: range) -> dict[str, Any]:
    tests = [{"stdin": str(number), "expected": str(2 * number)} for number in numbers]
    return {"problemId": "bench", "language": LANGUAGE, "code": _PROGRAM, "tests": tests}
