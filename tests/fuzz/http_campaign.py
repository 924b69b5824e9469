"""Any body and many an odd request, to the real API process before a real Redis and a worker.

No answer is a failure of the server, every error is a documented problem, what was accepted is a job
with a result and nothing else is, nothing hidden in a request is taken for another, memory is bounded.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from urllib.parse import quote_from_bytes

from fleet import keys
from fleet.limits import Bounds
from tests.fuzz import http_schema
from tests.fuzz.http_judge import ACCEPTED, fault, statuses
from tests.fuzz.http_odd import SMUGGLED, OddRequests
from tests.fuzz.http_wire import Answer, Connection, connected, exchange, request
from tests.fuzz.items import Items
from tests.fuzz.outcome import Outcome
from tests.fuzz.services import BODY_S, Services, running

_CLIENTS = 6
_ODD_AT_ONCE = 20
_IDLE_S = 1.0  # an odd request that is not answered by then is not whole
_LONG = 2000  # bodies from which on a campaign has time for what is slow
_RSS_MIB_MAX = {"redis": 512.0, "worker": 384.0, "api": 512.0}
_PREFER = ("wait=0", "wait=1", "respond-async", "wait=x", 'wait="1"', ",,;", "wait=99999999999", "")
_TYPES = (
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/json;charset=latin-1",
    "text/plain",
    "",
    "a/b/c",
)


class HttpCampaign:
    """One campaign against running services."""

    def __init__(self, services: Services, seed: int) -> None:
        self._services, self._port, self._seed = services, services.api_port, seed
        self.findings: list[str] = []
        self.answers: Counter[int] = Counter()
        self.accepted: Counter[str] = Counter()  # by problemId

    async def bodies(self, count: int, *, large: bool) -> None:
        """Submit ``count`` bodies, and ask for things between them."""
        items = Items(_dice(self._seed), self._services.language.name, strange=False)
        texts = [items.next() for _ in range(count)]
        for at, text in enumerate(items.large() if large else []):
            texts[at * 7 % count] = text
        await asyncio.gather(
            *(self._client(texts[at::_CLIENTS], _dice(self._seed, at)) for at in range(_CLIENTS))
        )

    async def odd(self, count: int) -> None:
        """Send ``count`` odd requests."""
        requests = OddRequests(_dice(self._seed), self._services.language.name)
        made = iter([requests.next() for _ in range(count)])

        async def send() -> None:
            for odd in made:
                try:
                    answers = await exchange(self._port, odd.sent, _IDLE_S)
                except ValueError as error:
                    self._found(f"no answer of HTTP to {odd.sent[:200]!r}: {error}")
                    continue
                for answer in answers:
                    self._note(answer, fault(answer, is_http=False), odd.sent)
                if len(answers) > odd.answers_max:
                    self._found(f"{len(answers)} answers to {odd.sent[:300]!r}")

        await asyncio.gather(*(send() for _ in range(_ODD_AT_ONCE)))

    async def slow(self) -> None:
        """A body that comes in drops is answered with 408."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = request("POST", "/submit", {"Content-Type": "application/json"}, b" " * 1000)[:-1000]
        writer.write(head)
        answer = asyncio.ensure_future(reader.readuntil(b"\r\n"))
        async with asyncio.timeout(20 * BODY_S):
            while not answer.done():
                writer.write(b" ")
                await asyncio.wait({answer}, timeout=BODY_S / 10)
        if b" 408 " not in answer.result():
            self._found(f"a slow body was answered with {answer.result()!r}")
        writer.transport.abort()

    async def judge(self) -> None:
        """Look at what is left of it all."""
        await self._services.drained()
        async with connected(self._port) as connection:
            alive = await connection.ask(request("GET", "/healthz", {}))
        if alive.status != 200:
            self._found(f"at the end /healthz says {alive.status}")
        jobs = await self._problems()
        for problem, count in self.accepted.items():
            if jobs[problem] != count:
                self._found(f"{problem!r} was accepted {count} times and has {jobs[problem]} jobs")
        if jobs[SMUGGLED]:
            self._found(f"{jobs[SMUGGLED]} smuggled requests were answered")
        audit = await self._services.queue.audit()
        if audit.missing or audit.doubled or audit.done != jobs.total():
            self._found(f"of {jobs.total()} jobs an audit says {audit}")

    async def _client(self, texts: list[bytes], rng: random.Random) -> None:
        texts = list(reversed(texts))
        while texts:
            async with connected(self._port) as connection:
                closes = False
                while texts and not closes:
                    body = texts.pop()
                    headers, expected = self._headers(body, rng)
                    chunk = rng.choice((0, 0, 0, 1 + len(body) // 3))
                    sent = request("POST", "/submit", headers, body, chunk=chunk)
                    try:
                        answer = await connection.ask(sent)
                    except (OSError, EOFError) as error:
                        if expected != {413}:  # it may close before everything of a large body is there
                            self._found(f"no answer ({error!r}) to {sent[:300]!r}")
                        break
                    self._note(answer, fault(answer, expected), sent)
                    if answer.status in ACCEPTED:
                        self.accepted[json.loads(answer.body)["problemId"]] += 1
                    closes = answer.closes
                    if not closes and rng.random() < 0.15:
                        closes = await self._look(connection, answer, rng)

    def _headers(self, body: bytes, rng: random.Random) -> tuple[dict[str, str], set[int]]:
        headers, expected = {"Content-Type": "application/json"}, set(statuses(body, self._services.language))
        dice = rng.random()
        if dice < 0.1:
            headers["Prefer"] = rng.choice(_PREFER)
        elif dice < 0.15:
            headers["Content-Type"] = rng.choice(_TYPES)
            if headers["Content-Type"].lower() not in ("application/json", "application/json; charset=utf-8"):
                expected = {415}
        elif dice < 0.17:
            headers["Content-Encoding"] = rng.choice(("gzip", "br", "identity, gzip"))
            expected = {415}
        return headers, expected

    async def _look(self, connection: Connection, answer: Answer, rng: random.Random) -> bool:
        """Ask for the job that was accepted, or for one that does not exist; whether the connection ends."""
        if answer.status in ACCEPTED and rng.random() < 0.5:
            said = json.loads(answer.body)
            path, expected = f"/jobs/{said['jobId']}", {200}
        else:
            name = quote_from_bytes(
                rng.choice((rng.randbytes(150), rng.randbytes(9), b"same", b"p1")), safe=""
            )
            path = rng.choice(("/result/{}", "/jobs/{}", "/problems/{}/results", "/{}")).format(name)
            expected = {200, 202, 404, 400}
        method = rng.choice(("GET", "GET", "GET", "HEAD", "DELETE"))
        sent = request(method, path, {})
        if method == "HEAD":
            expected = {405, 404, 400}
        elif method == "DELETE":  # of a job that is known it is a cancel
            expected = {200, 202} if expected == {200} else {405, 404, 400}
        found = await connection.ask(sent, head=method == "HEAD")
        if method != "HEAD":
            self._note(found, fault(found, expected), sent)
        return found.closes

    async def _problems(self) -> Counter[str]:
        """Of each problem, how many jobs are done."""
        found: Counter[str] = Counter()
        cursor, jobs = 0, keys.job("x").removesuffix("x")
        while True:
            answer, names = await self._services.clients.call(
                "SCAN", cursor, "MATCH", f"{jobs}*", "COUNT", 500
            )
            for name in names:
                place, problem = await self._services.clients.call("HMGET", name, "place", "problemId")
                if place == b"done":
                    found[problem.decode()] += 1
            cursor = int(answer)
            if not cursor:
                return found

    def _note(self, answer: Answer, wrong: str, sent: bytes) -> None:
        self.answers[answer.status] += 1
        if wrong:
            self._found(f"{wrong} to {sent[:300]!r}")

    def _found(self, words: str) -> None:
        self.findings.append(words)


def _dice(seed: int, which: int = -1) -> random.Random:
    """Dice of a seed; each client has its own, so that what it sends does not depend on the others."""
    return random.Random(f"{seed} {which}")  # noqa: S311


async def campaign(count: int, seed: int) -> Outcome:
    """Submit ``count`` bodies, a fifth as many odd requests, and what the description allows."""
    began_s, long = time.monotonic(), count >= _LONG
    async with running("worker", "api") as services:
        this = HttpCampaign(services, seed)
        await asyncio.gather(
            this.bodies(count, large=long), this.odd(count // 5), *(this.slow() for _ in range(3))
        )
        await this.judge()
        asked = 0
        if long:
            asked, described = await asyncio.to_thread(http_schema.ask, services.api_port, count // 100, seed)
            this.findings += described
            await services.drained()
        rss = services.rss_mib()
        this.findings += [
            f"{name} had {rss[name]} MiB" for name, most in _RSS_MIB_MAX.items() if rss[name] > most
        ]
        this.findings += services.problems()
    return Outcome(
        name="http",
        what=f"bodies and odd requests to the API; bodies of at most {Bounds().item_bytes_max} bytes",
        seed=seed,
        seconds=round(time.monotonic() - began_s, 1),
        executions=count + count // 5 + asked,
        findings=this.findings,
        figures={
            "accepted": this.accepted.total(),
            "by_description": asked,
            **{str(status): times for status, times in sorted(this.answers.items())},
            **{f"{name}_rss_mib": value for name, value in rss.items()},
        },
    )
