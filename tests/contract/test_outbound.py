"""What a request to a stranger does: over real connections, to the address that was checked alone."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fleet.webhooks import Address, Policy
from subscriber.outbound import ANSWER_BYTES_MAX, Answer, How, Outbound, Resolver
from tests.contract.receiver import Receiver, floods, receiving, says, sends, waits

HERE = Policy.read("127.0.0.1")
HOST = "hooks.example"


class Names:
    """A resolver that gives the next of some answers each time, and notes that it was asked."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = answers
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append((host, port))
        if isinstance(answer, Exception):
            raise answer
        return [ipaddress.ip_address(text) for text in answer.split()]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
def _no_way_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up but by the resolver; what an environment says of proxies counts for nothing."""

    def forbidden(host: Any, *_args: Any, **_options: Any) -> Any:
        ipaddress.ip_address(host if isinstance(host, str) else host.decode())
        return real(host, *_args, **_options)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")


async def post(receiver: Receiver, names: Names, policy: Policy = HERE, **options: Any) -> Answer:
    outbound = Outbound(policy, names, **options)
    return await outbound.post(f"http://{HOST}:{receiver.port}/hook?a=b", {"webhook-id": "x"}, b'{"a":1}')


async def test_a_receiver_gets_the_request(receiver: Receiver) -> None:
    names = Names("127.0.0.1")
    answer = await post(receiver, names)
    assert (answer.how, answer.status) == (How.ANSWERED, 204)
    (received,) = receiver.received
    assert received.line == "POST /hook?a=b HTTP/1.1"
    assert received.body == b'{"a":1}'
    assert received.headers["host"] == f"{HOST}:{receiver.port}"
    assert received.headers["webhook-id"] == "x"
    assert names.asked == [(HOST, receiver.port)]


@pytest.mark.parametrize(
    "addresses",
    [
        "127.0.0.1",
        "10.0.0.1 169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "",
    ],
)
async def test_no_address_that_is_not_public_is_connected_to(receiver: Receiver, addresses: str) -> None:
    answer = await post(receiver, Names(addresses), Policy())
    assert answer.how is How.REFUSED
    assert receiver.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "localhost"])
async def test_a_url_that_names_such_an_address_is_refused(receiver: Receiver, host: str) -> None:
    outbound = Outbound(Policy(), Names("127.0.0.1"))
    answer = await outbound.post(f"http://{host}:{receiver.port}/", {}, b"")
    assert answer.how is How.REFUSED
    assert receiver.received == []


@pytest.mark.parametrize(
    "url", ["", "x", "http://127.1/", "http://a b/", "file:///etc/passwd", "http://h:22/"]
)
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    assert (await Outbound(HERE, Names("127.0.0.1")).post(url, {}, b"")).how is How.REFUSED


async def test_a_name_that_changes_its_address_gets_nowhere(receiver: Receiver) -> None:
    """DNS rebinding: the first answer is public, the next is this machine."""
    names = Names("192.0.2.1", "127.0.0.1")
    policy = Policy.read("192.0.2.0/24")  # stands for a public one, which no test should reach
    first = await post(receiver, names, policy, total_s=0.4)
    assert first.how in (How.LATE, How.UNREACHABLE)
    assert len(names.asked) == 1  # between the check and the connection nobody asked again
    second = await post(receiver, names, policy)
    assert second.how is How.REFUSED
    assert len(names.asked) == 2
    assert receiver.received == []


async def test_of_many_addresses_only_those_allowed_are_tried(receiver: Receiver) -> None:
    answer = await post(receiver, Names("10.0.0.1 169.254.169.254 127.0.0.1"))
    assert answer.status == 204


async def test_the_next_address_is_tried(receiver: Receiver) -> None:
    answer = await post(receiver, Names("127.0.0.2 127.0.0.1"), Policy.read("127.0.0.0/8"))
    assert answer.status == 204


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        for place in (
            f"http://127.0.0.1:{elsewhere.port}/",
            "http://169.254.169.254/latest/meta-data/",
            f"//127.0.0.1:{elsewhere.port}/",
        ):
            receiver.answers.append(says(302, Location=place))
            names = Names("127.0.0.1")
            answer = await post(receiver, names)
            assert (answer.how, answer.status) == (How.ANSWERED, 302)
            assert len(names.asked) == 1
        assert elsewhere.received == []
    assert len(receiver.received) == 3


@pytest.mark.parametrize("status", [200, 201, 299, 400, 404, 410, 500, 503])
async def test_the_status_is_told(receiver: Receiver, status: int) -> None:
    receiver.answers.append(says(status, b"words of the receiver", Retry_After="7"))
    answer = await post(receiver, Names("127.0.0.1"))
    assert (answer.status, answer.retry_after_s) == (status, 7)
    assert answer.reason == f"it answered {status}"


@pytest.mark.parametrize(
    ("said", "understood"), [("-1", 0), ("1e9", 0), ("999999999", 3600), ("9" * 99, 0), ("٣", 0)]
)
async def test_a_retry_after_is_bounded(receiver: Receiver, said: str, understood: int) -> None:
    receiver.answers.append(
        sends(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: " + said.encode() + b"\r\n\r\n")
    )
    assert (await post(receiver, Names("127.0.0.1"))).retry_after_s == understood


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe rubbish\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 X\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 X\r\n" + b"A: b\r\n" * 100_000,
        b"HTTP/1.1 100 X\r\n\r\n" * 10,
        b"HTTP/1.1 101 X\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:24]),
)
async def test_an_answer_that_is_none_is_no_delivery(receiver: Receiver, raw: bytes) -> None:
    receiver.answers.append(sends(raw))
    answer = await post(receiver, Names("127.0.0.1"))
    assert answer.status in (None, 101)
    if answer.status is None:
        assert answer.how is How.UNREACHABLE
        assert answer.reason in ("its answer is not HTTP", "the connection was lost")


async def test_an_endless_answer_is_read_to_a_bound_only(receiver: Receiver) -> None:
    receiver.answers.append(floods(b"HTTP/1.1 200 X\r\n\r\n", b"x" * ANSWER_BYTES_MAX))
    answer = await post(receiver, Names("127.0.0.1"), total_s=30.0)
    assert answer.status == 200
    while receiver.open:  # it was hung up on
        await asyncio.sleep(0.01)


async def test_endless_headers_end(receiver: Receiver) -> None:
    receiver.answers.append(floods(b"HTTP/1.1 200 X\r\n", b"A: b\r\n" * 1000))
    assert (await post(receiver, Names("127.0.0.1"), total_s=30.0)).how is How.UNREACHABLE


async def test_a_body_that_never_ends_is_a_delivery_all_the_same(receiver: Receiver) -> None:
    never = asyncio.Event()

    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nhalf")
        await never.wait()

    receiver.answers.append(half)
    assert (await post(receiver, Names("127.0.0.1"), total_s=0.3)).status == 200
    never.set()


async def test_a_receiver_that_says_nothing_is_given_up(receiver: Receiver) -> None:
    never = asyncio.Event()
    receiver.answers.append(waits(never))
    answer = await post(receiver, Names("127.0.0.1"), total_s=0.3)
    assert (answer.how, answer.reason) == (How.LATE, "no answer within 0.3 s")
    never.set()


async def test_a_lookup_that_says_nothing_is_given_up(receiver: Receiver) -> None:
    async def never(_host: str, _port: int) -> Sequence[Address]:
        await asyncio.Event().wait()
        return []

    outbound = Outbound(HERE, never, total_s=0.2)
    assert (await outbound.post(f"http://{HOST}:{receiver.port}/", {}, b"")).how is How.LATE


async def test_what_cannot_be_reached_is_told_in_words() -> None:
    async with receiving() as gone:
        port = gone.port
    outbound = Outbound(HERE, Names("127.0.0.1"))
    answer = await outbound.post(f"http://{HOST}:{port}/", {}, b"")
    assert answer == Answer(How.UNREACHABLE, "it cannot be reached: Connection refused")
    nowhere = Outbound(HERE, Names(socket.gaierror(-2, "Name or service not known")))
    answer = await nowhere.post(f"http://{HOST}/", {}, b"")
    assert answer.reason == "the name of the host cannot be looked up (Name or service not known)"


# --- TLS -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of ``hooks.example`` that its own key has signed, both in one file."""
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "made.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    whole = folder / "whole.pem"
    whole.write_text(made.read_text() + key.read_text())
    return whole


@pytest.fixture
async def over_tls(certificate: Path) -> AsyncIterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with receiving(context) as made:
        yield made


async def post_over_tls(receiver: Receiver, trusted: Path | None, host: str = HOST) -> Answer:
    tls = ssl.create_default_context(cafile=trusted)
    return await Outbound(HERE, Names("127.0.0.1"), tls=tls).post(
        f"https://{host}:{receiver.port}/x", {}, b"{}"
    )


async def test_a_certificate_of_the_name_is_believed(over_tls: Receiver, certificate: Path) -> None:
    assert (await post_over_tls(over_tls, certificate)).status == 204
    assert over_tls.received[0].headers["host"] == f"{HOST}:{over_tls.port}"


@pytest.mark.parametrize("fault", ["unknown", "of another"])
async def test_another_certificate_is_not(over_tls: Receiver, certificate: Path, fault: str) -> None:
    trusted, host = (None, HOST) if fault == "unknown" else (certificate, "other.example")
    answer = await post_over_tls(over_tls, trusted, host)
    assert answer.how is How.UNREACHABLE
    assert answer.reason.startswith("its certificate is not valid: ")
    assert over_tls.received == []


async def test_what_speaks_no_tls_is_told() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        answer = await Outbound(HERE, Names("127.0.0.1")).post(f"https://{HOST}:{port}/", {}, b"{}")
    assert answer.how is How.UNREACHABLE
    assert answer.reason.startswith("it does not speak TLS as it should")


# --- looking names up ----------------------------------------------------------------------------


async def test_names_are_looked_up_anew_but_not_twice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def slow(host: str, port: int, **_options: Any) -> list[Any]:
        asked.append(host)
        time.sleep(0.05)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    resolver = Resolver(4)
    try:
        found = await asyncio.gather(
            *(resolver("one.example", 80) for _ in range(5)), resolver("two.example", 80)
        )
        assert found == [[ipaddress.ip_address("127.0.0.1")]] * 6
        assert sorted(asked) == ["one.example", "two.example"]
        await resolver("one.example", 80)
        assert len(asked) == 3
    finally:
        resolver.close()


async def test_an_attempt_that_gives_up_spoils_no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_args: Any, **_options: Any) -> list[Any]:
        time.sleep(0.05)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    resolver = Resolver(1)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver("one.example", 80), 0.01)
        with pytest.raises(socket.gaierror):
            await resolver("one.example", 80)
    finally:
        resolver.close()
