"""Break the protocol on purpose, one line at a time, and see that the suite notices each time.

Run as ``python -m tests.contract.queue_mutants [WORD]``; takes some minutes, so it is no test itself.
Exits with 1 if a mutant survives or its line is no longer there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = (
    *("test_queue.py", "test_queue_judging.py", "test_redis_queue.py", "test_redis_judging.py"),
    *("test_events.py", "test_queue_machine.py"),
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line of a file in ``fleet`` and what it becomes."""

    name: str
    path: str
    line: str
    becomes: str


MUTANTS = [
    Mutant(
        "finish without a fence check",
        "lua/_finish.lua",
        "known[1] == 'leased' and known[2] == fence",
        "known[1] == 'leased'",
    ),
    Mutant(
        "renew without a fence check",
        "lua/renew.lua",
        "known[1] == 'leased' and known[2] == fence",
        "known[1] == 'leased'",
    ),
    Mutant(
        "a full memory refuses a claim",
        "lua/claim.lua",
        "allow_full_memory()\n",
        "\n",
    ),
    Mutant(
        "a full memory takes results of any size",
        "lua/finish.lua",
        "memory_full()",
        "false",
    ),
    Mutant(
        "lease by another clock",
        "lua/claim.lua",
        "call('ZADD', K.leases, now + lease_ms, id)",
        "call('ZADD', K.leases, now - lease_ms, id)",
    ),
    Mutant(
        "stream entry without announcement",
        "lua/_finish.lua",
        "call('PUBLISH', K.done_channel, event)",
        "",
    ),
    Mutant("end without event", "lua/_finish.lua", "call('XADD', ", "local _ = (' ', "),
    Mutant("event numbers repeat", "lua/_finish.lua", "local n = count('events')", "local n = 1"),
    Mutant("no writes on a full memory", "lua/_prelude.lua", "call('HDEL', K.count, '')", ""),
    Mutant("finish keeps the lease", "lua/_finish.lua", "call('ZREM', K.leases, id)  -- first", "-- first"),
    Mutant("every lost lease is a crash", "lua/reap.lua", "if known[1] == known[2] then", "if known[1] then"),
    Mutant("no lost lease is a crash", "lua/reap.lua", "if known[1] == known[2] then", "if false then"),
    Mutant(
        "a requeued job loses its lane",
        "lua/_ready.lua",
        "make_ready(id, known[1], spent",
        "make_ready(id, 'normal', spent",
    ),
    Mutant(
        "a requeued job goes to the end",
        "lua/_ready.lua",
        "front and 'LPUSH' or 'RPUSH'",
        "front and 'RPUSH' or 'RPUSH'",
    ),
    Mutant("a poison pill goes round for ever", "lua/_ready.lua", "spent and ANY or known[2]", "known[2]"),
    Mutant("a repeated push runs twice", "lua/_intake.lua", "if known[2] ~= 'public' then", "if false then"),
    Mutant(
        "a text may name any job",
        "lua/_intake.lua",
        "if known[1] and known[1] == redis.sha1hex(text) then",
        "if known[1] then",
    ),
    Mutant(
        "a script fails after a pop",
        "lua/_intake.lua",
        "pcall(cjson.decode, text)",
        "true, cjson.decode(text)",
    ),
    Mutant(
        "a dead worker keeps its inbox",
        "lua/reap.lua",
        "returned = returned + return_inbox(worker)",
        "returned = 0",
    ),
    Mutant(
        "claim passes the inbox over",
        "lua/claim.lua",
        "local text = call('RPOP', K.inbox .. worker)",
        "local text = false",
    ),
    Mutant("nobody is woken", "lua/_ready.lua", "if hops > 0 and", "if false and"),
    Mutant("tokens never die", "lua/claim.lua", "call('ZCARD', K.workers)) - 1)", "9))"),
    Mutant(
        "a claim sent again leases more",
        "lua/claim.lua",
        "string.match(before, '^%x+') == nonce",
        "string.match(before, '^%x+') == ''",
    ),
    Mutant(
        "a claim without answer is forgotten",
        "redis_queue.py",
        "self._unanswered.setdefault(worker_id, secrets.token_hex(8))",
        "self._unanswered[worker_id] = secrets.token_hex(8)",
    ),
    Mutant("an enqueue sent again is a second job", "lua/enqueue.lua", "if queued then", "if false then"),
    Mutant("the queue has no bound", "lua/enqueue.lua", "if waiting >= tonumber(ARGV[8])", "if false"),
    Mutant(
        "the high lane starves the others",
        "lua/claim.lua",
        "local TURN = {",
        "local TURN = {'high'} local _ = {",
    ),
    Mutant(
        "waiting pops for good",
        "redis_queue.py",
        '"BLMOVE", keys.PUBLIC, inbox, "RIGHT", "LEFT", block_s',
        '"BRPOP", keys.PUBLIC, block_s',
    ),
    Mutant(
        "flushed scripts stay away", "redis_client.py", "except failures.NoScriptError", "except KeyError"
    ),
    Mutant("results are kept for ever", "lua/_finish.lua", "call('EXPIRE', job, retention_s)", ""),
    Mutant("a retry loses its job", "lua/fail.lua", "call('ZADD', K.retry, ", "local _ = ('', "),
    Mutant(
        "release costs an attempt",
        "lua/release.lua",
        "requeue(id)",
        "call('HINCRBY', K.job .. id, 'fails', 1) requeue(id)",
    ),
    Mutant("progress without a fence check", "lua/progress.lua", "standing(id, fence) ~= 'held'", "false"),
    Mutant(
        "progress sent again is told twice",
        "lua/progress.lua",
        "call('HGET', job, 'told') == digest",
        "false",
    ),
    Mutant("a full memory takes news", "lua/progress.lua", "memory_full() or ", ""),
    Mutant("news without announcement", "lua/progress.lua", "call('PUBLISH', K.progress_channel, id)", ""),
    Mutant("news without bound", "lua/progress.lua", "'MAXLEN', '~', TOLD_MAX, ", ""),
    Mutant("an event of any size", "lua/progress.lua", "#ARGV[i] <= EVENT_BYTES_MAX", "true"),
    Mutant("news are kept for ever", "lua/_finish.lua", "call('EXPIRE', K.told .. id, retention_s)", ""),
    Mutant("a start is no news", "lua/renew.lua", "call('PUBLISH', K.progress_channel, id)", ""),
    Mutant("problems without bound", "lua/define.lua", "problems > tonumber(ARGV[5])", "false"),
    Mutant("definitions without bound", "lua/define.lua", "bytes > tonumber(ARGV[6])", "false"),
    Mutant("replaced bytes count twice", "lua/define.lua", "+ #definition - before", "+ #definition"),
    Mutant(
        "a define sent again forgets that it was new",
        "lua/define.lua",
        "if known[1] ~= nonce then",
        "if true then",
    ),
    Mutant("a definition may expire", "lua/define.lua", "call('PERSIST', key)", ""),
    Mutant(
        "an undefine sent again finds nothing",
        "lua/undefine.lua",
        "return known[2] == nonce and 1 or 0",
        "return 0",
    ),
    Mutant("removed bytes still count", "lua/undefine.lua", "count('defined_bytes', -bytes)", ""),
    Mutant(
        "a claim without its definition",
        "lua/claim.lua",
        "return defined == 1 and",
        "return false and",
    ),
]


def survives(mutant: Mutant, folder: Path) -> bool:
    """Whether the suite passes with this mutant; ``folder`` is empty."""
    for part in ("fleet", "tests/contract"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / "fleet" / mutant.path
    text = path.read_text()
    if text.count(mutant.line) != 1:
        raise LookupError(f"{mutant.path} has {text.count(mutant.line)} times: {mutant.line}")
    path.write_text(text.replace(mutant.line, mutant.becomes))
    suite = [f"tests/contract/{name}" for name in SUITE]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--timeout=60", *suite]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    caught = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    print(f"  {caught[0][:100] if caught else 'SURVIVES'}")  # noqa: T201 - its output
    return done.returncode == 0


def main() -> int:
    """Try every mutant whose name has the word given, all without one."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    survivors = []
    for mutant in MUTANTS:
        if word in mutant.name:
            print(mutant.name, flush=True)  # noqa: T201 - its output
            with tempfile.TemporaryDirectory() as folder:
                if survives(mutant, Path(folder)):
                    survivors.append(mutant.name)
    print(f"{len(survivors)} survive", *survivors, sep="\n  ")  # noqa: T201 - its output
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
