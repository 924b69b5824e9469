"""``GET /jobs/{jobId}/events``: every event once and in its order, wherever the connection breaks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import AsyncMock

import pytest

from api import streams
from api.job_events import Cursor, JobEvents
from api.places import Places
from api.testing import ApiOfTest, api_of_test
from fleet.errors import QueueUnavailable
from fleet.queue import Claim, Record
from fleet.testing import a_result
from tests.unit.test_api_submit import check_problem

UNKNOWN_ID = "0" * 32
Event = tuple[str, str, Any]  # id, event, data


@pytest.fixture
async def api() -> AsyncIterator[ApiOfTest]:
    async with api_of_test() as made:
        yield made


def events_in(text: str) -> list[Event]:
    """The events of a stream, comments aside."""
    found: list[Event] = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["id"], fields["event"], json.loads(fields["data"])))
    return found


def told(events: list[Event]) -> list[Any]:
    """What each says, in short."""
    keys = {"state": "state", "case": "index", "output": "stream"}
    return [data[keys.get(name, "verdict")] for _, name, data in events]


class Reader:
    """A client of one stream: what it has been sent so far, at its own pace."""

    def __init__(self) -> None:
        self.text = ""
        self.open = asyncio.Event()  # whether it reads on
        self.open.set()
        self.gone = asyncio.Event()
        self.messages: list[MutableMapping[str, Any]] = []
        self._more = asyncio.Condition()

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.open.wait()
        async with self._more:
            self.messages.append(message)
            self.text += message.get("body", b"").decode()
            self._more.notify_all()

    async def until(self, *wanted: Any) -> list[Event]:
        """Return the events once they say this."""
        async with asyncio.timeout(5), self._more:
            await self._more.wait_for(lambda: told(events_in(self.text)) == list(wanted))
        return events_in(self.text)

    async def until_text(self, text: str) -> None:
        async with asyncio.timeout(5), self._more:
            await self._more.wait_for(lambda: text in self.text)


@asynccontextmanager
async def following(api: ApiOfTest, job_id: str, last: str = "") -> AsyncIterator[Reader]:
    """A reader of the job's events; when the context ends it has left, and the stream has ended."""
    reader = Reader()
    places = Places(queue=api.queue, pace=api.pace)
    stream = JobEvents(places, api.waiters, job_id, Cursor.read(last))
    scope = {"type": "http", "method": "GET", "headers": []}
    running = asyncio.create_task(stream(scope, reader.receive, reader.send))
    try:
        yield reader
    finally:
        reader.gone.set()
        reader.open.set()
        async with asyncio.timeout(5):
            await running


async def begin(api: ApiOfTest) -> Claim:
    """Claim and start the next job, as a worker does."""
    (claim,) = await api.queue.claim("w1", ["tongue"], 1)
    await api.queue.renew("w1", {claim.job_id: claim.fence}, [claim.job_id])
    api.announcements.say(claim.job_id)
    return claim


async def tell(api: ApiOfTest, claim: Claim, *numbers: int) -> None:
    events = [json.dumps({"index": number, "attempt": claim.attempt}) for number in numbers]
    assert await api.queue.progress(claim, events)
    api.announcements.say(claim.job_id)


async def end(api: ApiOfTest, claim: Claim, **changes: Any) -> None:
    await api.queue.finish(claim, a_result(job_id=claim.job_id, **changes).to_json())
    api.announcements.say(api.queue.events[-1])


async def test_a_job_is_followed_from_the_queue_to_its_end(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        claim = await begin(api)
        await reader.until("queued", "running")
        await tell(api, claim, 0)
        await reader.until("queued", "running", 0)
        await tell(api, claim, 1, 2)
        await reader.until("queued", "running", 0, 1, 2)
        counts = {"total": 3, "passed": 3, "failed": 0, "skipped": 0}
        await end(api, claim, verdict="accepted", tests=counts)
        events = await reader.until("queued", "running", 0, 1, 2, "accepted")
    assert len({event_id for event_id, _, _ in events}) == len(events)
    assert events[-1] == (
        "done",
        "done",
        {
            "jobId": job_id,
            "problemId": "two-sum",
            "state": "done",
            "links": {
                "self": f"/jobs/{job_id}",
                "result": f"/result/{job_id}",
                "problem": "/problems/two-sum/results",
            },
            "verdict": "accepted",
            "tests": counts,
        },
    )
    start, *_, last = reader.messages
    assert (start["status"], dict(start["headers"])[b"content-type"]) == (
        200,
        b"text/event-stream; charset=utf-8",
    )
    assert not last.get("more_body")
    assert len(api.waiters) == 0


async def test_a_job_without_tests_has_states_and_an_end(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        await api.run_next()
        events = await reader.until("queued", "ok")
    assert "tests" not in events[-1][2]


async def test_of_a_job_that_is_done_all_that_was_told_comes_at_once(api: ApiOfTest) -> None:
    job_id = await api.submit()
    claim = await begin(api)
    for first in range(0, 200, 50):
        await tell(api, claim, *range(first, first + 50))
    await end(api, claim)
    answer = await asyncio.wait_for(api.client.get(f"/jobs/{job_id}/events"), 5)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert told(events_in(answer.text)) == [*range(200), "ok"]


async def test_wherever_the_connection_breaks_nothing_is_lost_and_nothing_repeated(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        claim = await begin(api)
        await reader.until("queued", "running")
        await tell(api, claim, *range(70))
        await end(api, claim)
        whole = await reader.until("queued", "running", *range(70), "ok")
    for seen in range(1, len(whole)):
        answer = await api.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": whole[seen - 1][0]})
        rest = [event for event in whole[seen:] if event[1] != "state"]  # past states are no news
        assert [(name, data) for _, name, data in events_in(answer.text)] == [
            (name, data) for _, name, data in rest
        ]
    nothing = await api.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": "done"})
    assert (nothing.status_code, nothing.content) == (204, b"")


async def test_who_comes_back_while_it_runs_is_told_what_is_new(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        ((queued, _, _),) = await reader.until("queued")
    claim = await begin(api)
    async with following(api, job_id, queued) as reader:
        ((running, _, _),) = await reader.until("running")
    await tell(api, claim, 0)
    async with following(api, job_id, running) as reader:
        ((first, _, _),) = await reader.until(0)
        await tell(api, claim, 1)
        await reader.until(0, 1)
    async with following(api, job_id, first) as reader:
        await reader.until(1)


async def test_a_run_that_was_lost_is_told_as_queued_and_running_again(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        claim = await begin(api)
        await reader.until("queued", "running")
        await tell(api, claim, 0)
        await reader.until("queued", "running", 0)
        api.queue.advance(16)
        await api.queue.reap()
        api.announcements.say(job_id)
        await reader.until("queued", "running", 0, "queued")
        again = await begin(api)
        await reader.until("queued", "running", 0, "queued", "running")
        await tell(api, again, 0)
        events = await reader.until("queued", "running", 0, "queued", "running", 0)
    assert [data.get("attempt") for _, _, data in events] == [0, 1, 1, 1, 2, 2]


async def test_a_run_is_told_before_its_cases_even_when_both_are_news(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        (claim,) = await api.queue.claim("w1", ["tongue"], 1)
        await api.queue.renew("w1", {job_id: claim.fence}, [job_id])
        await tell(api, claim, 0)
        await reader.until("queued", "running", 0)


async def test_a_slow_reader_costs_only_itself(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as slow, following(api, job_id) as other:
        await slow.until("queued")
        await other.until("queued")
        claim = await begin(api)
        await other.until("queued", "running")
        slow.open.clear()
        for number in range(300):
            await tell(api, claim, number)
        await end(api, claim)
        await other.until("queued", "running", *range(300), "ok")
        slow.open.set()
        await slow.until("queued", "running", *range(300), "ok")


async def test_a_client_that_leaves_frees_its_place(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        assert len(api.waiters) == 1
    assert len(api.waiters) == 0


async def test_a_stop_ends_every_stream(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        api.waiters.close()
        await api.until_waiting(0)
        assert "done" not in reader.text
    late = await asyncio.wait_for(api.client.get(f"/jobs/{job_id}/events"), 5)
    check_problem(late, 503, "too-many-streams")


async def test_no_more_follow_than_the_setting_allows() -> None:
    async with api_of_test(waiters_max=1) as api:
        job_id = await api.submit()
        async with following(api, job_id) as reader:
            await reader.until("queued")
            answer = await asyncio.wait_for(api.client.get(f"/jobs/{job_id}/events"), 5)
            check_problem(answer, 503, "too-many-streams")
            assert answer.headers["retry-after"] == "5"
        assert len(api.waiters) == 0


async def test_it_says_that_it_is_still_there(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.01)
    async with following(api, await api.submit()) as reader:
        await reader.until_text("\n: waiting\n\n")
        await reader.until("queued")


async def test_a_queue_that_is_away_for_a_while_ends_no_stream(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_AGAIN_S", 0.01)
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        there = api.queue.told
        monkeypatch.setattr(api.queue, "told", AsyncMock(side_effect=QueueUnavailable("away")))
        claim = await begin(api)
        await tell(api, claim, 0)
        await reader.until_text(": the queue is away")
        monkeypatch.setattr(api.queue, "told", there)
        await reader.until("queued", "running", 0)


async def test_a_job_whose_time_ran_out_ends_the_stream_without_an_end(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        monkeypatch.setattr(api.queue, "get", AsyncMock(return_value=None))
        api.announcements.say(job_id)
        await api.until_waiting(0)
        await reader.until("queued")


async def test_what_a_worker_tells_cannot_forge_another_event(api: ApiOfTest) -> None:
    job_id = await api.submit()
    claim = await begin(api)
    forged = '{"index":0,\n\n"event":\r\n\r\n7}'
    await api.queue.progress(
        claim, [forged, '{"index":1,"stdout":"\\n\\nevent: done\\ndata: 7\\n\\n\u2028"}']
    )
    await end(api, claim)
    events = events_in((await api.client.get(f"/jobs/{job_id}/events")).text)
    assert told(events) == [0, 1, "ok"]
    assert events[1][2]["stdout"] == "\n\nevent: done\ndata: 7\n\n\u2028"


@pytest.mark.parametrize(
    "last",
    [
        "x",
        "1",
        "1-1",
        "1-1/",
        "1-1/x",
        "-1-1/queued",
        "1-1/running",
        f"{10**18}-0/queued",
        "1-1/queued\u00e9",
    ],
)
async def test_an_id_of_no_event_is_422(api: ApiOfTest, last: str) -> None:
    headers: Mapping[bytes, bytes] = {b"Last-Event-ID": last.encode("latin-1")}
    answer = await api.client.get(f"/jobs/{await api.submit()}/events", headers=list(headers.items()))
    problem = check_problem(answer, 422, "invalid-parameter")
    assert problem["errors"][0]["field"] == "Last-Event-ID"


@pytest.mark.parametrize("job_id", [UNKNOWN_ID, "two-sum", "*"])
@pytest.mark.parametrize("last", ["", "done"])
async def test_an_unknown_job_is_404(api: ApiOfTest, job_id: str, last: str) -> None:
    answer = await api.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": last})
    check_problem(answer, 404, "unknown-job")


async def test_redis_away_is_503(api: ApiOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.queue, "get", AsyncMock(side_effect=QueueUnavailable("away")))
    check_problem(await api.client.get(f"/jobs/{UNKNOWN_ID}/events"), 503, "queue-unavailable")


async def test_news_of_a_running_job_wakes_no_one_who_waits_for_its_result(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await api.submit()
    waiting = asyncio.create_task(api.client.get(f"/result/{job_id}", headers={"Prefer": "wait=30"}))
    await api.until_waiting()
    claim = await begin(api)
    get = api.queue.get
    asked: list[str] = []

    async def counted(wanted: str) -> Record | None:
        asked.append(wanted)
        return await get(wanted)

    monkeypatch.setattr(api.queue, "get", counted)
    for number in range(20):
        await tell(api, claim, number)
    await end(api, claim)
    assert (await asyncio.wait_for(waiting, 5)).status_code == 200
    assert len(asked) == 1


async def test_where_a_job_waits_is_told_again_when_it_changes(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_AGAIN_S", 0.01)
    first, second, third = [await api.submit() for _ in range(3)]
    async with following(api, third) as reader:
        await reader.until("queued")
        await api.run_next()
        await reader.until("queued", "queued")
        await api.client.delete(f"/jobs/{second}")
        api.announcements.say(first)  # news of any job
        await reader.until("queued", "queued", "queued")
        await begin(api)
        events = await reader.until("queued", "queued", "queued", "running")
    assert [data.get("position") for _, _, data in events] == [3, 2, 1, None]
    for seen in range(1, 4):
        answer = await following_of(api, third, events[seen - 1][0])
        assert answer[:1] == ([events[3]] if seen < 4 else [])


async def following_of(api: ApiOfTest, job_id: str, last: str) -> list[Event]:
    """What a reader that comes back is told at once."""
    async with following(api, job_id, last) as reader:
        await reader.until("running")
        return events_in(reader.text)


async def test_who_comes_back_is_told_of_a_place_only_if_it_changed(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.submit()
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        ((queued, _, data),) = await reader.until("queued")
    assert (queued, data["position"]) == ("0-0/queued2", 2)
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.01)
    async with following(api, job_id, queued) as reader:
        await reader.until_text(": waiting")
        assert events_in(reader.text) == []
    async with following(api, job_id, "0-0/queued1") as reader:
        await reader.until("queued")


async def test_while_nothing_moves_nobody_asks_for_a_place(
    api: ApiOfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_AGAIN_S", 0.001)
    monkeypatch.setattr(streams, "KEEP_ALIVE_S", 0.01)
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        monkeypatch.setattr(api.queue, "position", AsyncMock(side_effect=AssertionError("asked")))
        for number in range(1, 6):
            await reader.until_text(": waiting\n\n" * number)


async def test_what_a_program_prints_is_told_as_it_comes(api: ApiOfTest) -> None:
    job_id = await api.submit()
    async with following(api, job_id) as reader:
        await reader.until("queued")
        claim = await begin(api)
        said = {
            "stream": "stdout",
            "offset": 0,
            "text": "é\nevent: done\n",
            "encoding": "utf-8",
            "attempt": 1,
        }
        await api.queue.progress(claim, [json.dumps(said, separators=(",", ":"), ensure_ascii=False)])
        api.announcements.say(job_id)
        await reader.until("queued", "running", "stdout")
        await tell(api, claim, 0)
        await end(api, claim)
        events = await reader.until("queued", "running", "stdout", 0, "ok")
    assert events[2][1:] == ("output", said)
    answer = await api.client.get(f"/jobs/{job_id}/events", headers={"Last-Event-ID": events[2][0]})
    assert told(events_in(answer.text)) == [0, "ok"]


async def test_a_job_that_was_just_claimed_has_no_place(api: ApiOfTest) -> None:
    job_id = await api.submit()
    await api.queue.claim("w1", ["tongue"], 1)
    async with following(api, job_id) as reader:
        ((event_id, _, data),) = await reader.until("queued")
    assert (event_id, data) == ("0-0/queued0", {"state": "queued", "attempt": 1})
    later = await api.submit(delaySeconds=600)
    async with following(api, later) as reader:
        ((_, _, data),) = await reader.until("queued")
    assert (data["position"], data["estimatedStart"][-1]) == (0, "Z")
