"""Break the protocol on purpose, one line at a time, and see that the suite notices each time.

Run as ``python -m tests.contract.queue_mutants [WORD]``; takes some minutes, so it is no test itself.
Exits with 1 if a mutant survives or its line is no longer there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUITE = (
    *("test_queue.py", "test_queue_order.py", "test_queue_cancel.py", "test_queue_quotas.py"),
    *("test_queue_batches.py", "test_queue_judging.py", "test_redis_queue.py", "test_redis_judging.py"),
    *("test_redis_endings.py", "test_events.py", "test_queue_growth.py", "test_queue_machine.py"),
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
        "lua/_lease.lua",
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
        "local name = known[1] .. ':' .. (ends",
        "local name = 'normal' .. ':' .. (ends",
    ),
    Mutant(
        "a requeued job goes to the end",
        "lua/_ready.lua",
        "local turn = known[5]",
        "local turn = nil",
    ),
    Mutant(
        "a poison pill goes round for ever",
        "lua/_ready.lua",
        "known[7] or tonumber(known[3] or 0) >= CRASHES_MAX",
        "known[7]",
    ),
    Mutant(
        "a repeated push runs twice",
        "lua/_intake.lua",
        "if call('EXISTS', K.job .. id) == 1 then",
        "if false then",
    ),
    Mutant(
        "a text may name any job",
        "lua/_intake.lua",
        "id = string.sub(redis.sha1hex('foreign:' .. text), 1, 32)",
        "id = string.match(text, '\"(%x+)\"') or string.sub(redis.sha1hex('foreign:' .. text), 1, 32)",
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
    Mutant("nobody is woken", "lua/_ready.lua", "if not token then", "if false then"),
    Mutant("tokens pile up", "lua/_ready.lua", "if not token then", "if true then"),
    Mutant("tokens never die", "lua/_ready.lua", "hops < call('ZCARD', K.workers) and", ""),
    Mutant("tokens of new work die with the old", "lua/_ready.lua", "known[2] == known[3] and", ""),
    Mutant("what is claimed counts as ready", "lua/claim.lua", "count('ready', -got)", ""),
    Mutant(
        "what is cancelled counts as ready",
        "lua/_ready.lua",
        "count('ready', -call('ZREM', ready, id))",
        "call('ZREM', ready, id)",
    ),
    Mutant("a wrong count stays", "lua/depth.lua", "call('HSET', K.count, 'ready', total)", ""),
    Mutant(
        "a claim sent again leases more",
        "lua/claim.lua",
        "string.match(before, '^%x+') == nonce",
        "string.match(before, '^%x+') == ''",
    ),
    Mutant(
        "a claim without answer is forgotten",
        "redis_leases.py",
        "self._unanswered.setdefault(worker_id, secrets.token_hex(8))",
        "self._unanswered[worker_id] = secrets.token_hex(8)",
    ),
    Mutant(
        "an enqueue sent again is a second job",
        "lua/enqueue.lua",
        "call('HGET', K.job .. id, 'queued')",
        "false",
    ),
    Mutant("the queue has no bound", "lua/_admission.lua", "if all + jobs > tonumber(ARGV[2])", "if false"),
    Mutant(
        "times to come have no bound",
        "lua/_admission.lua",
        "local all = waiting + call('ZCARD', K.later)",
        "local all = waiting",
    ),
    Mutant(
        "the high lane starves the others",
        "lua/claim.lua",
        "local ROUND = {",
        "local ROUND = {'high'} local _ = {",
    ),
    Mutant(
        "waiting pops for good",
        "redis_leases.py",
        '"BLMOVE", keys.PUBLIC, inbox, "RIGHT", "LEFT", block_s',
        '"BRPOP", keys.PUBLIC, block_s',
    ),
    Mutant(
        "flushed scripts stay away", "redis_client.py", "except failures.NoScriptError", "except KeyError"
    ),
    Mutant("results are kept for ever", "lua/_finish.lua", "call('EXPIRE', job, kept_s)", ""),
    Mutant("a retry loses its job", "lua/fail.lua", "call('ZADD', K.later, ", "local _ = ('', "),
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
    Mutant("news are kept for ever", "lua/_finish.lua", "call('EXPIRE', K.told .. id, kept_s)", ""),
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
    Mutant(
        "jobs come in the order of all",
        "lua/_ready.lua",
        "math.floor(math.max(clocks_read[name], last)) + 1 +",
        "n +",
    ),
    Mutant("a turn without the clock", "lua/_ready.lua", "math.max(clocks_read[name], last)", "last"),
    Mutant(
        "a turn without the owner's last",
        "lua/_ready.lua",
        "math.max(clocks_read[name], last)",
        "clocks_read[name]",
    ),
    Mutant("the clock stands still", "lua/claim.lua", "row.clock = math.max(row.clock, tonumber(turn))", ""),
    Mutant("turns outlive their jobs", "lua/claim.lua", "call('DEL', K.turns .. row.name)", ""),
    Mutant(
        "turns are kept for ever",
        "lua/claim.lua",
        "call('ZREMRANGEBYSCORE', K.turns .. row.name,",
        "local _ = (' ',",
    ),
    Mutant(
        "who cancels everything is held back",
        "lua/_ready.lua",
        "    call('ZREM', turns, owner)",
        "    local _ = 1",
    ),
    Mutant(
        "jobs of one turn come by their ids",
        "lua/_ready.lua",
        "n % (1 / TIE) * TIE",
        "0",
    ),
    Mutant("a position counts from nought", "lua/_ready.lua", "rank and rank + 1 or 0", "rank or 0"),
    Mutant("nobody waits for its time", "lua/_accept.lua", "local ready = due <= now", "local ready = true"),
    Mutant(
        "a delay counts for nothing",
        "lua/_accept.lua",
        "math.max(tonumber(order[7]), now + order[8])",
        "tonumber(order[7])",
    ),
    Mutant(
        "an instant counts for nothing",
        "lua/_accept.lua",
        "math.max(tonumber(order[7]), now + order[8])",
        "now + order[8]",
    ),
    Mutant(
        "reap passes over what is due",
        "lua/reap.lua",
        "call('ZRANGEBYSCORE', K.later, '-inf', now, 'LIMIT', 0, BATCH)",
        "{}",
    ),
    Mutant(
        "claim passes over what is due",
        "lua/claim.lua",
        "call('ZRANGEBYSCORE', K.later, '-inf', now, 'LIMIT', 0, 16)",
        "{}",
    ),
    Mutant(
        "what an owner defined judges all",
        "lua/_prelude.lua",
        "return owner and owner ~= '' and owner .. ':' .. digest or digest",
        "return digest",
    ),
    Mutant("claim does not say that a job was cancelled", "lua/claim.lua", "known[10] or '0'", "'0'"),
    Mutant(
        "renew does not say that a job was cancelled", "lua/renew.lua", "if known[4] then", "if false then"
    ),
    Mutant("a cancelled job waits for its language", "lua/_ready.lua", "known[7] or tonumber(", "tonumber("),
    Mutant(
        "a cancelled job stays in its lane", "lua/cancel.lua", "take_away(id, known[2], known[4] or '')", ""
    ),
    Mutant(
        "a cancelled job stays with those whose time is to come",
        "lua/cancel.lua",
        "call('ZREM', K.later, id)",
        "",
    ),
    Mutant("cancel leaves no mark", "lua/cancel.lua", "call('HSET', job, 'cancel', 1)", ""),
    Mutant("cancel ends what runs", "lua/cancel.lua", "if place == 'leased' then", "if false then"),
    Mutant("cancel tells no worker", "lua/cancel.lua", "call('PUBLISH', K.cancel_channel, id)", ""),
    Mutant(
        "a cancel sent again finds it done",
        "lua/cancel.lua",
        "known[3] == nonce and 'cancelled' or 'done'",
        "'done'",
    ),
    Mutant("a full memory refuses a cancel", "lua/cancel.lua", "allow_full_memory()\n", "\n"),
    Mutant("forget takes what is not done", "lua/forget.lua", "if known[1] ~= 'done' then", "if false then"),
    Mutant("a forgotten job is listed", "lua/forget.lua", "call('LREM', ", "local _ = (' ', "),
    Mutant("a forgotten job is a dead letter", "lua/forget.lua", "call('ZREM', K.dead, id)", ""),
    Mutant("what was told outlives the job", "lua/forget.lua", "call('EXPIRE', K.told .. id, 0)", ""),
    Mutant(
        "a forget sent again finds nothing",
        "lua/forget.lua",
        "known[2] == nonce and 'forgotten' or 'unknown'",
        "'unknown'",
    ),
    Mutant("a forgotten job is remembered for ever", "lua/forget.lua", "call('EXPIRE', job, REMEMBER_S)", ""),
    Mutant("the source outlives the job", "lua/_finish.lua", "keep_source and '' or 'spec'", "''"),
    Mutant("the source is kept for nobody", "lua/_finish.lua", "keep_source and '' or 'spec'", "'spec'"),
    Mutant(
        "nobody has a say in how long",
        "lua/_finish.lua",
        "math.min(tonumber(ttl or how.retention_s), how.retention_s)",
        "how.retention_s",
    ),
    Mutant(
        "a job is kept as long as it likes",
        "lua/_finish.lua",
        "math.min(tonumber(ttl or how.retention_s), how.retention_s)",
        "tonumber(ttl or how.retention_s)",
    ),
    Mutant(
        "a job is open for ever",
        "lua/_finish.lua",
        "call('HINCRBY', K.open, owner, -1) <= 0",
        "call('HINCRBY', K.open, owner, 0) <= 0",
    ),
    Mutant("an owner without jobs is kept", "lua/_finish.lua", "call('HDEL', K.open, owner)", ""),
    Mutant(
        "open jobs have no bound", "lua/_admission.lua", "OPEN_MAX > 0 and open + jobs > OPEN_MAX", "false"
    ),
    Mutant(
        "a batch is one open job",
        "lua/_admission.lua",
        "call('HINCRBY', K.open, OWNER, jobs)",
        "call('HINCRBY', K.open, OWNER, 1)",
    ),
    Mutant("the rate has no bound", "lua/_admission.lua", "if late > 0 then", "if false then"),
    Mutant(
        "a batch costs as much as a job",
        "lua/_admission.lua",
        "local spent = spent_ms() + jobs * MINUTE_MS / RATE",
        "local spent = spent_ms() + MINUTE_MS / RATE",
    ),
    Mutant("a rate is kept for ever", "lua/_admission.lua", ", 'PX', math.ceil(spent))", ")"),
    Mutant(
        "minutes are saved up",
        "lua/_admission.lua",
        "math.max(tonumber(call('GET', K.rate .. OWNER) or 0) - now, 0)",
        "(tonumber(call('GET', K.rate .. OWNER) or 0) - now)",
    ),
    Mutant("a key without its digest", "lua/_admission.lua", "if digest ~= ARGV[7] then", "if false then"),
    Mutant("a key is kept for ever", "lua/_admission.lua", ", 'EX', ONCE_S)", ")"),
    Mutant("a key is not kept", "lua/_admission.lua", "    call('SET', ARGV[6], ", "    local _ = (' ', "),
    Mutant(
        "a batch sent again begins anew", "lua/enqueue_batch.lua", "call('HGET', batch, 'queued')", "false"
    ),
    Mutant(
        "a batch counts a verdict twice",
        "lua/_finish.lua",
        "call('HINCRBY', batch, 'v:' .. how.verdict, 1)",
        "call('HINCRBY', batch, 'v:' .. how.verdict, 2)",
    ),
    Mutant(
        "a batch counts its jobs twice",
        "lua/_finish.lua",
        "call('HINCRBY', batch, 'done', 1)",
        "call('HINCRBY', batch, 'done', 2)",
    ),
    Mutant("a batch has no end", "lua/_finish.lua", "call('HSET', batch, 'finished', now)", ""),
    Mutant("a batch is kept for ever", "lua/_finish.lua", "call('EXPIRE', key, how.retention_s)", ""),
    Mutant("nobody hears of a batch", "lua/_finish.lua", "call('PUBLISH', K.progress_channel, batch_id)", ""),
    Mutant(
        "the end of a job is not delivered",
        "lua/_finish.lua",
        "deliver_job(id, owner or '', callback, event, how.result, how.retention_s)",
        "",
    ),
    Mutant(
        "the end of a batch is not delivered",
        "lua/_finish.lua",
        "deliver_batch(batch_id, call('HGETALL', batch), event, how.retention_s)",
        "",
    ),
    Mutant(
        "each job delivers its batch", "lua/_finish.lua", "== tonumber(total) then", "<= tonumber(total) then"
    ),
    Mutant("a key of one owner is that of all", "keys.py", '_digest(f"{owner}\\0{key}")', "_digest(key)"),
]


def survives(mutant: Mutant, suite: Sequence[str], folder: Path) -> bool:
    """Whether the suite passes with this mutant; ``folder`` is empty."""
    for part in ("fleet", "tests/contract", "tests/chaos"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    path = folder / "fleet" / mutant.path
    text = path.read_text()
    if text.count(mutant.line) != 1:
        raise LookupError(f"{mutant.path} has {text.count(mutant.line)} times: {mutant.line}")
    path.write_text(text.replace(mutant.line, mutant.becomes))
    files = [f"tests/contract/{name}" for name in suite]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--timeout=60", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout + done.stderr)
    caught = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    print(f"  {caught[0][:100] if caught else 'SURVIVES'}")  # noqa: T201 - its output
    return done.returncode == 0


def main(mutants: Sequence[Mutant] = MUTANTS, suite: Sequence[str] = SUITE) -> int:
    """Try every mutant whose name has the word given, all without one."""
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    survivors = []
    for mutant in mutants:
        if word in mutant.name:
            print(mutant.name, flush=True)  # noqa: T201 - its output
            with tempfile.TemporaryDirectory() as folder:
                if survives(mutant, suite, Path(folder)):
                    survivors.append(mutant.name)
    print(f"{len(survivors)} survive", *survivors, sep="\n  ")  # noqa: T201 - its output
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
