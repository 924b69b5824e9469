"""A TCP proxy that loses answers on demand: the faults a network makes, made exactly once."""

from __future__ import annotations

import asyncio
from types import TracebackType


class FaultyProxy:
    """Forwards to a port of this host. ``lose_answers`` and ``freeze`` say what goes wrong next."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._to_lose = 0
        self._marker = b""
        self.lost = 0
        self.frozen = False
        self.port = 0

    def lose_answers(self, count: int, to: bytes = b"EVAL") -> None:
        """Cut the connection instead of forwarding the answer to the next ``count`` requests in
        which ``to`` occurs; the server has carried them out by then."""
        self._to_lose, self._marker = count, to

    def freeze(self) -> None:
        """From now on forward nothing and close nothing: a half-open connection."""
        self.frozen = True

    def cut(self) -> None:
        """Close every connection, and forward again on new ones."""
        self.frozen = False
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def __aenter__(self) -> FaultyProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers |= {writer, server_writer}
            doomed = asyncio.Event()
            pumps = {
                asyncio.create_task(self._pump(reader, server_writer, doomed, requests=True)),
                asyncio.create_task(self._pump(server_reader, writer, doomed, requests=False)),
            }
            self._tasks |= pumps
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            writer.close()
            server_writer.close()
        finally:
            self._tasks.discard(task)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        doomed: asyncio.Event,
        *,
        requests: bool,
    ) -> None:
        try:
            while data := await reader.read(65536):
                if self.frozen:
                    await asyncio.Event().wait()
                if requests and self._to_lose and self._marker in data:
                    self._to_lose -= 1
                    doomed.set()
                if not requests and doomed.is_set():
                    self.lost += 1
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            return
