"""Break what is promised of deliveries, one line at a time, and see that their suite notices each time.

Run as ``python -m tests.contract.delivery_mutants [WORD]``, as ``queue_mutants`` is.
"""

from __future__ import annotations

import sys

from tests.contract.queue_mutants import Mutant, main

SUITE = ("test_deliveries.py", "test_redis_deliveries.py")
_ALL, _CLAIM = "lua/_deliveries.lua", "lua/deliveries_claim.lua"
_SETTLE, _AGAIN = "lua/deliveries_settle.lua", "lua/deliveries_redeliver.lua"
MUTANTS = [
    Mutant("a delivery settled without a fence check", _SETTLE, "known[1] ~= fence", "not known[1]"),
    Mutant(
        "a word about a delivery counts twice", _SETTLE, "known[2] == fence and 'ok' or 'stale'", "'stale'"
    ),
    Mutant("a delivery leased to two", _CLAIM, "send_at(id, receiver, now + lease_ms)", ""),
    Mutant(
        "the lease of a delivery never ends",
        _CLAIM,
        "send_at(id, receiver, now + lease_ms)",
        "send_no_more(id, receiver)",
    ),
    Mutant("a delivery tried for ever", _CLAIM, "tonumber(known[2]) >= attempts_max", "false"),
    Mutant(
        "attempts of a delivery not counted",
        _CLAIM,
        "'HINCRBY', K.delivery .. id, 'attempts', 1",
        "'HINCRBY', K.delivery .. id, 'attempts', 0",
    ),
    Mutant(
        "a receiver without a bound",
        _CLAIM,
        "math.min(free[receiver] or receiver_max, left)",
        "left",
    ),
    Mutant(
        "an owner without a bound",
        _CLAIM,
        "math.min(free_owner[owner] or owner_max, want - #found)",
        "want - #found",
    ),
    Mutant("the busy hide what is behind them", _CLAIM, "most + busy", "most"),
    Mutant("a claim of deliveries forgets its nonce", _CLAIM, "if last[1] == nonce then", "if false then"),
    Mutant("a full memory refuses a claim of deliveries", _CLAIM, "allow_full_memory()\n", "\n"),
    Mutant("a full memory refuses to settle a delivery", _SETTLE, "allow_full_memory()\n", "\n"),
    Mutant("what has expired is claimed", _CLAIM, "if known[1] ~= 'pending' then", "if false then"),
    Mutant(
        "what has expired is counted", _CLAIM, "if call('EXISTS', K.delivery .. id) == 1 then", "if true then"
    ),
    Mutant("a pause is forgotten", _SETTLE, "now + tonumber(ARGV[6])", "now"),
    Mutant("an ended delivery is still due", _ALL, "  send_no_more(id, known[2])\n", "\n"),
    Mutant("an ended delivery is kept for ever", _ALL, "call('EXPIRE', key, known[3])", ""),
    Mutant("a delivery that waits is kept for ever", _ALL, "call('EXPIRE', K.delivery .. id, PENDING_S)", ""),
    Mutant("an index of deliveries is kept for ever", _ALL, "call('EXPIRE', index, keep_s)", ""),
    Mutant("old deliveries stay listed", _ALL, "now - keep_s * 1000", "0"),
    Mutant("deliveries without a bound", _ALL, "call('ZCARD', index) - ended_max", "0"),
    Mutant("an owner may have any number wait", _ALL, "< PENDING_OWNER_MAX", "< 1e15"),
    Mutant("any number may wait", _ALL, "< PENDING_MAX\n", "< 1e15\n"),
    Mutant("nobody is woken for a delivery", _ALL, "call('PUBLISH', K.delivery_channel, id)", ""),
    Mutant(
        "each telling of an end is another delivery",
        _ALL,
        "if call('EXISTS', key) == 1 then",
        "if false then",
    ),
    Mutant(
        "tests are read out of what a program printed",
        _ALL,
        '\',"tests":{"total":\', 1, true)',
        "'tests[^a-z]+total', 1)",
    ),
    Mutant("a redelivery knows no bound", _AGAIN, "not may_wait(owner)", "false"),
    Mutant("a redelivery keeps what failed", _AGAIN, "call('HDEL', key, 'attempt:' .. attempt)", ""),
    Mutant(
        "a redelivered one is still listed as it was",
        _AGAIN,
        "call('ZREM', delivery_index(state, owner), id)",
        "",
    ),
    Mutant("a redelivery takes it from its sender", _AGAIN, "if not known[5] then", "if true then"),
    Mutant("an owner sees all", "lua/deliveries_list.lua", "ARGV[1] == '1' and ARGV[2] or nil", "nil"),
]


if __name__ == "__main__":
    sys.exit(main(MUTANTS, SUITE))
