"""From a claim to a job: nothing of it is trusted, nor what is stored for its problem."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fleet.errors import InvalidJob, QueueUnavailable
from fleet.judging import digest_of
from fleet.limits import MIB, Bounds
from tests.unit.judge_harness import a_reader, a_run
from tests.unit.worker_harness import COMPILED, LANGUAGES, Queue
from worker.assembly import default_box
from worker.reader import Definitions, Reader
from worker.run import Loss

TEXT = json.dumps({"tests": [{"stdin": "1", "expected": "2"}], "limits": {"cpuSeconds": 2}})
DIGEST = digest_of(TEXT)


async def a_queue(text: str = TEXT) -> Queue:
    queue = Queue()
    await queue.define("p", text)
    return queue


async def test_a_plain_job_asks_nothing_of_the_queue() -> None:
    queue = await a_queue()

    job = await a_reader(queue).read(a_run())

    assert queue.asked == []
    assert (job.judging.cases, len(job.stages), job.compile) == ((), 1, None)


async def test_a_job_without_tests_is_judged_by_those_of_its_problem() -> None:
    queue = await a_queue()

    job = await a_reader(queue).read(a_run(definition=DIGEST, limits={"cpuSeconds": 5, "wallSeconds": 20}))

    assert [case.expected for case in job.judging.cases] == ["2"]
    (stage,) = job.stages
    assert stage.stdin == b"1"
    assert (stage.limits.cpu_s, stage.limits.wall_s) == (2.0, 10.0)  # nothing that the sender asked for


async def test_tests_of_its_own_come_first() -> None:
    queue = await a_queue()

    job = await a_reader(queue).read(a_run(definition=DIGEST, tests=[{"expected": "mine"}]))

    assert [case.expected for case in job.judging.cases] == ["mine"]
    assert queue.asked == []


async def test_a_definition_is_asked_for_once() -> None:
    queue = await a_queue()
    reader = a_reader(queue)

    first, second = [await reader.read(a_run(definition=DIGEST)) for _ in range(2)]

    assert first.judging is second.judging
    assert queue.asked == ["definition"]


async def test_a_definition_that_was_replaced_counts_as_it_is_now() -> None:
    queue = await a_queue()

    job = await a_reader(queue).read(a_run(definition="0" * 40))
    again = await a_reader(queue).read(a_run(definition=DIGEST))

    assert job.judging == again.judging


async def test_a_job_is_judged_by_what_its_owner_defined() -> None:
    queue = await a_queue('{"tests":[{"expected":"of nobody"}]}')
    await queue.define("p", TEXT, owner="key1")

    job = await a_reader(queue).read(a_run(definition=DIGEST, owner="key1"))

    assert [case.expected for case in job.judging.cases] == ["2"]


async def test_a_job_whose_definition_is_gone_does_not_pass_for_want_of_it() -> None:
    with pytest.raises(InvalidJob, match="removed while the job was claimed") as caught:
        await a_reader(Queue()).read(a_run(definition=DIGEST))
    assert caught.value.field == "definition"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("junk", "definition"),
        ("[]", "definition"),
        ("{}", "definition.tests"),
        ('{"tests":[{"checker":"magic"}]}', "definition.tests[0].checker"),
        ('{"tests":[{}],"limits":{"cpuSeconds":1e9}}', "definition.limits.cpuSeconds"),
        ('{"tests":[{}],"tests":[]}', "definition"),
        ('{"tests":[{"stdin":"\ud800"}]}', "definition"),
        ('{"tests":[' + ",".join(["{}"] * 201) + "]}", "definition.tests"),
        (" " * (Bounds().item_bytes_max + 1), "definition"),
    ],
)
async def test_what_is_stored_is_read_as_strictly_as_a_job(text: str, field: str) -> None:
    class Stored(Queue):
        async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
            return DIGEST, text

    with pytest.raises(InvalidJob) as caught:
        await a_reader(Stored()).read(a_run(definition=DIGEST))

    assert caught.value.field == field


@pytest.mark.parametrize(("field", "value"), [("stdin", "in"), ("outputFiles", ["a"])])
async def test_what_only_a_job_without_tests_may_ask(field: str, value: Any) -> None:
    with pytest.raises(InvalidJob) as caught:
        await a_reader(await a_queue()).read(a_run(definition=DIGEST, **{field: value}))

    assert caught.value.field == field


async def test_the_last_definitions_are_kept_and_no_more() -> None:
    """Each is half as large as what is kept in all, so the third has no room beside the first."""
    queue, bounds = Queue(), Bounds(tests_bytes_max=8 * MIB)
    reader, digests = a_reader(queue, bounds), []
    for name in "abc":
        text = json.dumps({"tests": [{"expected": name * (6 * MIB)}]})
        digests.append((await queue.define(name, text)).digest)
        await reader.read(a_run(problemId=name, definition=digests[-1]))
    assert queue.asked == ["definition"] * 3

    await reader.read(a_run(problemId="c", definition=digests[2]))
    await reader.read(a_run(problemId="b", definition=digests[1]))
    assert queue.asked == ["definition"] * 3

    await reader.read(a_run(problemId="a", definition=digests[0]))
    await reader.read(a_run(problemId="b", definition=digests[1]))  # used later than the third
    assert queue.asked == ["definition"] * 4


async def test_a_run_that_is_lost_while_redis_is_away_waits_no_longer() -> None:
    run = a_run(definition=DIGEST)

    class Away(Queue):
        async def definition(self, problem_id: str, *, owner: str = "") -> tuple[str, str] | None:
            run.lose(Loss.SILENCE)
            raise QueueUnavailable("away")

    job = await a_reader(Away()).read(run)

    assert job.judging.cases == ()  # nobody runs it: the loss is seen before a box is taken


async def test_files_may_not_stand_in_for_the_source() -> None:
    with pytest.raises(InvalidJob) as caught:
        await a_reader().read(a_run(files=[{"path": "main.tongue", "content": ""}]))

    assert caught.value.field == "files[0].path"


async def test_a_job_of_default_limits_fits_a_spare() -> None:
    bounds, reader = Bounds(), a_reader()
    interpreted, compiled = LANGUAGES["tongue"], COMPILED

    plain = await reader.read(a_run())
    translated = await reader.read(a_run(language="compiled"))
    modest = await reader.read(a_run(language="compiled", limits={"memoryBytes": 64 * MIB}))

    assert plain.box == default_box(bounds, interpreted)
    assert translated.box == modest.box == default_box(bounds, compiled)
    assert (translated.box.memory_bytes, translated.box.processes) == (256 * MIB, 32)


def test_a_reader_serves_what_it_was_given() -> None:
    reader = Reader(Bounds(), {}, Definitions(Queue(), Bounds()))

    assert not reader.serves("tongue")
    assert a_reader().serves("compiled")
