"""Commands that are asked for at one time go to Redis in one trip.

Whoever asks while every sender is on its way waits for the next that comes back, and goes with all
others that wait: the more callers, the fewer trips a command. Redis writes what it was asked at one
time to its disk at one time, and a call costs the client less than on a connection of its own.

A batch is sent again as a whole, so every command must bear to be sent twice. A caller who is
cancelled leaves; the batch, and the connection, know nothing of it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from fleet.errors import QueueUnavailable

Command = tuple[str | bytes | float, ...]
_COMMANDS_MAX = 64  # of one batch, and
_BYTES_MAX = 1024 * 1024  # so many bytes, with those of the answers; what has more travels alone


class Trip(Protocol):
    """A pipeline of the Redis library: commands in one trip, each with its own answer."""

    def execute_command(self, *command: Any) -> Any:
        """One more command."""

    async def execute(self, raise_on_error: bool = ...) -> list[Any]:
        """Send all; their answers, errors of single commands among them."""


class _Asked:
    """A command on its way, and who waits for its answer."""

    __slots__ = ("answer", "command", "size", "timer")

    def __init__(self, command: Command, answer_bytes: int, answer: asyncio.Future[Any]) -> None:
        self.command, self.answer = command, answer
        self.size = answer_bytes + sum(len(word) for word in command if isinstance(word, str | bytes))
        self.timer: asyncio.TimerHandle | None = None

    def tell(self, answer: Any) -> None:
        """The answer, or the error, to whoever still waits."""
        if self.answer.done():
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Batches:
    """``senders`` trips at most are under way at once, each on a connection of its own.

    ``last`` is one more command for every trip, and ``settled`` says of its answer whether the
    others count: it may be an error, which is then theirs.
    """

    def __init__(
        self,
        trip: Callable[[], Trip],
        senders: int,
        patience_s: float,
        last: Command = (),
        settled: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self._trip, self._senders, self._patience_s = trip, senders, patience_s
        self._last, self._settled = last, settled
        self._waiting: deque[_Asked] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, command: Command, answer_bytes: int = 0) -> Any:
        """The answer to one command, which may well have so many bytes. Raises what the library raised,
        or ``QueueUnavailable`` if no sender came back in time."""
        loop = asyncio.get_running_loop()
        asked = _Asked(command, answer_bytes, loop.create_future())
        self._waiting.append(asked)
        if len(self._under_way) < self._senders:
            sender = loop.create_task(self._send())
            self._under_way.add(sender)
        else:
            asked.timer = loop.call_later(self._patience_s, self._give_up, asked)
        return await asked.answer

    async def aclose(self) -> None:
        """Send nothing more; whoever waits is told."""
        for sender in list(self._under_way):
            sender.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().tell(QueueUnavailable("the connections were closed"))

    def _give_up(self, asked: _Asked) -> None:
        if asked in self._waiting:
            self._waiting.remove(asked)
            asked.tell(QueueUnavailable(f"all {self._senders} connections were in use"))

    async def _send(self) -> None:
        me = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            while batch := self._next():
                await self._deliver(batch)
        finally:
            # In the step that found nobody waiting: whoever asks in the next one needs a sender.
            self._under_way.discard(me)

    async def _deliver(self, batch: Sequence[_Asked]) -> None:
        answers: Sequence[Any] = [QueueUnavailable("the connections were closed")] * len(batch)
        try:
            answers = await self._travel([asked.command for asked in batch])
        except Exception as error:  # whatever it is, it is the answer of each
            answers = [error] * len(batch)
        finally:
            for asked, answer in zip(batch, answers, strict=True):
                asked.tell(answer)

    def _next(self) -> list[_Asked]:
        batch: list[_Asked] = []
        size = 0
        while self._waiting and len(batch) < _COMMANDS_MAX:
            if batch and size + self._waiting[0].size > _BYTES_MAX:
                break
            asked = self._waiting.popleft()
            if asked.timer is not None:
                asked.timer.cancel()
            if not asked.answer.done():  # else nobody waits for it any more, and nothing was sent
                batch.append(asked)
                size += asked.size
        return batch

    async def _travel(self, commands: Sequence[Command]) -> list[Any]:
        trip = self._trip()
        for command in commands:
            trip.execute_command(*command)
        if not self._last:
            return await trip.execute(raise_on_error=False)
        trip.execute_command(*self._last)
        *answers, last = await trip.execute(raise_on_error=False)
        self._settled(last)
        return answers
