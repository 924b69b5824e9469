"""Where a webhook may go, and that its receiver can tell it is ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api.settings import ApiSettings
from fleet.errors import InvalidJob, SettingsError
from fleet.settings import load
from fleet.webhooks import Policy, Target, callback_url, secret_of, signed

PUBLIC = Policy()
MASTER = "m" * 32

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170"),
    *("192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378::1"),
    *("2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1"),
    *("5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1"),
]
IS_PUBLIC = ["8.8.8.8", "1.1.1.1", "99.255.255.255", "172.32.0.1", "192.167.255.255", "2606:4700::1111"]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not PUBLIC.allows("example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", IS_PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert PUBLIC.allows("example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_policy_allows_what_it_names_and_no_more(address: str) -> None:
    policy = Policy.read("127.0.0.1, fd00:1::/32 ,10.1.0.0/16")
    allowed = address == "127.0.0.1"
    assert policy.allows("example.com", ipaddress.ip_address(address)) == allowed
    for other in ("10.1.2.3", "fd00:1::5"):
        assert policy.allows("example.com", ipaddress.ip_address(other))


def test_a_named_host_may_be_private_but_not_where_machines_get_credentials() -> None:
    policy = Policy.read("Receiver,hooks.internal")
    for address in ("10.0.0.1", "172.18.0.3", "127.0.0.1", "::1", "fd12::1", "8.8.8.8"):
        assert policy.allows("receiver", ipaddress.ip_address(address))
    for address in ("169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "::ffff:10.0.0.1"):
        assert not policy.allows("receiver", ipaddress.ip_address(address))
    assert not policy.allows("other", ipaddress.ip_address("10.0.0.1"))
    assert not policy.allows("a.receiver", ipaddress.ip_address("10.0.0.1"))


@pytest.mark.parametrize(
    "words", ["10.0.0.1/8", "a b", "http://x", "*.internal", "1.2.3", "::g", "x/8", "-a", "127.1"]
)
def test_a_policy_without_a_form_stops_the_start(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDFLEET_WEBHOOK_ALLOW", words)
    with pytest.raises(SettingsError, match="SANDFLEET_WEBHOOK_ALLOW"):
        load(ApiSettings)


def test_without_a_secret_there_are_no_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(ApiSettings).webhook_policy is None
    monkeypatch.setenv("SANDFLEET_WEBHOOK_SECRET", MASTER)
    monkeypatch.setenv("SANDFLEET_WEBHOOK_ALLOW", "receiver")
    assert load(ApiSettings).webhook_policy == Policy.read("receiver")
    monkeypatch.setenv("SANDFLEET_WEBHOOK_SECRET", "guessable")
    with pytest.raises(SettingsError, match="SANDFLEET_WEBHOOK_SECRET: must have 32"):
        load(ApiSettings)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("http://example.com", "example.com", 80, "/"),
        ("http://Example.COM:8000/a/b?c=d&e=%2F", "example.com", 8000, "/a/b?c=d&e=%2F"),
        ("https://example.com?x=y", "example.com", 443, "/?x=y"),
        ("http://example.com:443/", "example.com", 443, "/"),
        ("https://[2606:4700::1111]:8443/x", "2606:4700::1111", 8443, "/x"),
        ("https://8.8.8.8/x", "8.8.8.8", 443, "/x"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://my_host.example/", "my_host.example", 443, "/"),
    ],
)
def test_a_url_is_read(url: str, host: str, port: int, path: str) -> None:
    target = Target.read(url)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert callback_url("callbackUrl", url, PUBLIC) == url


BAD: list[object] = [
    *(
        None,
        5,
        True,
        [],
        {},
        "",
        " ",
        "example.com",
        "//example.com",
        "ftp://example.com",
        "file:///etc/passwd",
    ),
    *("gopher://example.com", "javascript:alert(1)", "HTTPS://example.com", "https:/example.com", "https://"),
    *("https:///x", "https://user@example.com", "https://user:pw@example.com/", "https://8.8.8.8@127.0.0.1/"),
    *("https://example.com#x", "https://example.com/#x", "https://example.com/ x", "https://example.com/\n"),
    *(
        "https://example.com/\r\nHost: x",
        "https://example.com\\@127.0.0.1/",
        "https://exämple.com",
        "https://a..b/",
    ),
    *(
        "https://example.com/é",
        "https://example.com:0/",
        "https://example.com:65536",
        "https://example.com:22/",
    ),
    *("https://example.com:-1/", "https://example.com:/", "https://example.com.", "https://-a.example/"),
    *(
        "https://" + "a" * 64 + ".example/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://[]/",
        "https://[x]/",
    ),
    "https://example.com/" + "a" * 2048,
]
LOCAL = [
    *(
        "http://localhost/",
        "http://a.localhost:8000",
        "http://127.0.0.1/",
        "http://127.0.0.1:8000/x",
        "http://0.0.0.0/",
    ),
    *(
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://10.0.0.1/",
    ),
    *(
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://192.168.1.1/",
        "http://224.0.0.1/",
    ),
]
ODD = [
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0x7f.1/",
    "http://1.2.3.4.5/",
]


@pytest.mark.parametrize("url", [*BAD, *LOCAL, *ODD], ids=repr)
def test_a_url_that_cannot_be_told_names_its_field(url: object) -> None:
    with pytest.raises(InvalidJob) as caught:
        callback_url("jobs[3].callbackUrl", url, PUBLIC)
    assert caught.value.field == "jobs[3].callbackUrl"


def test_a_policy_opens_what_is_local() -> None:
    policy = Policy.read("127.0.0.0/8,10.0.0.1")
    for url in ("http://localhost:8000/", "http://127.0.0.1/", "http://10.0.0.1:9000/x"):
        assert callback_url("callbackUrl", url, policy) == url
    for url in ("http://10.0.0.2/", "http://[::1]/", "http://127.1/"):
        with pytest.raises(InvalidJob):
            callback_url("callbackUrl", url, policy)


def test_where_webhooks_are_off_none_is_accepted() -> None:
    with pytest.raises(InvalidJob, match="callbackUrl: webhooks are off"):
        callback_url("callbackUrl", "https://example.com/", None)


def test_each_owner_has_a_secret_of_its_own() -> None:
    secrets = {secret_of(master, owner) for master in (MASTER, "n" * 32) for owner in ("", "a", "b")}
    assert len(secrets) == 6
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)
    assert secret_of(MASTER, "a") == secret_of(MASTER, "a")


def test_the_signature_is_that_of_standard_webhooks() -> None:
    secret, body = secret_of(MASTER, "a"), json.dumps({"type": "job.done"}).encode()
    headers = dict(signed(secret, "d" * 32, int(datetime.now(UTC).timestamp()), body))
    assert Webhook(secret).verify(body, headers) == {"type": "job.done"}
    for change in (
        {"webhook-id": "e" * 32},
        {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)},
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, {**headers, **change})
    for other, text in ((secret, body + b" "), (secret_of(MASTER, "b"), body)):
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(text, headers)


def test_the_signature_by_hand() -> None:
    secret = secret_of(MASTER, "a")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.new(key, b"id.1700000000.{}", hashlib.sha256).digest()
    headers = signed(secret, "id", 1_700_000_000, b"{}")
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
