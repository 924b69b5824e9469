"""From the facts of a run to its verdict: pure, first match wins."""

from __future__ import annotations

import signal
from collections.abc import Callable

from fleet.job import Evidence, Verdict
from fleet.limits import Limits
from worker.sandbox import RawOutcome

Judgement = tuple[Verdict, Evidence]
# Signals that say more than "the program crashed"; the words go into the evidence.
_TELLING = {
    signal.SIGXFSZ: "a file grew past the size that a sandbox allows",
    signal.SIGSYS: "a system call that no sandbox allows",
    signal.SIGKILL: "it was killed from within; neither a limit nor the kernel's OOM counter was met",
}


def classify(raw: RawOutcome, limits: Limits) -> Judgement:
    """The verdict on a run and the evidence for it.

    Several facts may hold at once; the order below decides, from what explains the others to what
    is explained by them:

    1. *Not started* comes first: nothing ran, so no other figure means anything. The image lacks
       what the language file names, which is ours.
    2. *Memory*, because the kernel's OOM counter is a fact and its consequences look like anything
       else: a parent that waits for a killed child until the wall limit, a traceback that fills
       stderr, an exit code of the program's choosing. It also comes before exit 0: a program that
       shrugged off a killed child was not within its limits, and a half-made output called ``ok``
       would be a lie. A ``MemoryError`` that was caught never moves the counter and stays ``ok``.
    3. *The limit init ended the run for*. Init saw which came first; at a deadline it may still
       find the cap passed in the pipe, and at the cap the clock may be past as well.
    4. *Figures past a limit* although the program ended by itself before init acted: one byte above
       the cap, or more CPU time than allowed. The same program must not be ``ok`` on a fast machine
       only because it was over between two looks.
    5. *Overdue*: init never answered and the worker's own deadline passed. Init was starved by the
       program, for a sandbox that died or an engine that hangs is an error and does not get here.
    6. *A signal*, then 7. *an exit code* of its own; 137 without the OOM counter is just a number.
    8. *Exit 0*. Anything else is a run without an end, which is ours.
    """
    for rule in (_not_started, _memory, _ended_by_init, _past_limit, _overdue, _signalled, _exited):
        found = rule(raw, limits)
        if found is not None:
            return found
    return Verdict.SYSTEM_ERROR, Evidence("system", how="the sandbox reported no end of the program")


def signal_name(number: int) -> str:
    """``SIGKILL`` and the like; ``SIG<number>`` for those without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _not_started(raw: RawOutcome, _limits: Limits) -> Judgement | None:
    if raw.not_started is None:
        return None
    how = f"the sandbox could not start the program (errno {raw.not_started}); the image is incomplete"
    return Verdict.SYSTEM_ERROR, Evidence("system", how=how)


def _memory(raw: RawOutcome, limits: Limits) -> Judgement | None:
    if raw.box_oom:
        how = "the kernel ended the whole sandbox for want of memory"
    elif raw.oom_kills > 0:
        how = f"the kernel's OOM counter of the sandbox moved by {raw.oom_kills}"
    else:
        return None
    used = raw.memory_peak_bytes or None
    return Verdict.MEMORY_LIMIT, Evidence("memory", limits.memory_bytes, used, how)


def _ended_by_init(raw: RawOutcome, limits: Limits) -> Judgement | None:
    return None if raw.limit is None else _PASSED[raw.limit](raw, limits, "ended by the sandbox's init")


def _past_limit(raw: RawOutcome, limits: Limits) -> Judgement | None:
    how = "the program ended by itself, past the limit"
    if raw.stdout_bytes > limits.stdout_bytes:
        return _stdout(raw, limits, how)
    if raw.stderr_bytes > limits.stderr_bytes:
        return _stderr(raw, limits, how)
    if raw.cpu_us > limits.cpu_s * 1e6:
        return _cpu(raw, limits, how)
    return None


def _overdue(raw: RawOutcome, limits: Limits) -> Judgement | None:
    return _wall(raw, limits, "ended by the worker, behind a starved init") if raw.overdue else None


def _signalled(raw: RawOutcome, _limits: Limits) -> Judgement | None:
    if raw.signal is None:
        return None
    telling = next((words for number, words in _TELLING.items() if number == raw.signal), "")
    how = f"{signal_name(raw.signal)} ended the program" + (f": {telling}" if telling else "")
    return Verdict.RUNTIME_ERROR, Evidence(how=how)


def _exited(raw: RawOutcome, _limits: Limits) -> Judgement | None:
    if raw.exit_code is None:
        return None
    verdict = Verdict.RUNTIME_ERROR if raw.exit_code else Verdict.OK
    return verdict, Evidence(how=f"the program exited with {raw.exit_code}")


def _cpu(raw: RawOutcome, limits: Limits, how: str) -> Judgement:
    return Verdict.TIME_LIMIT, Evidence("cpu", limits.cpu_s, raw.cpu_us / 1e6, how)


def _wall(raw: RawOutcome, limits: Limits, how: str) -> Judgement:
    return Verdict.TIME_LIMIT, Evidence("wall", limits.wall_s, raw.wall_us / 1e6, how)


def _stdout(raw: RawOutcome, limits: Limits, how: str) -> Judgement:
    return Verdict.OUTPUT_LIMIT, Evidence("stdout", limits.stdout_bytes, raw.stdout_bytes, how)


def _stderr(raw: RawOutcome, limits: Limits, how: str) -> Judgement:
    return Verdict.OUTPUT_LIMIT, Evidence("stderr", limits.stderr_bytes, raw.stderr_bytes, how)


_PASSED: dict[str, Callable[[RawOutcome, Limits, str], Judgement]] = {
    "cpu": _cpu,
    "wall": _wall,
    "stdout": _stdout,
    "stderr": _stderr,
}
