"""Webhooks: where one may go, and how its receiver knows it is ours.

``Policy`` says which addresses may be connected to. A name is looked up anew at every attempt and
each of its addresses checked then, by whoever connects (``subscriber/outbound.py``); what a URL says
by itself is checked as soon as a job is submitted (``callback_url``). Deliveries are signed as
https://www.standardwebhooks.com says, with a secret of their owner's that is made from one of ours.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.errors import InvalidJob

URL_CHARS_MAX = 2048
_PORTS = {"http": 80, "https": 443}
_PORT_FREE = 1024  # from here on any port may be named
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~:@!$&'()*+,;=%/-]*)?(?:\?[A-Za-z0-9._~:@!$&'()*+,;=%/?-]*)?)"
)
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")
# IANA's registries of special-purpose addresses: what is not another machine of the internet. Written
# out, since what a version of Python's ipaddress calls global changes.
_V4_NOT_PUBLIC = [
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
    )
]
_V6_PUBLIC = ipaddress.ip_network("2000::/3")  # no v4-mapped, NAT64, local, link-local or multicast one
_V6_NOT_PUBLIC = [
    ipaddress.ip_network(text)
    for text in (
        *("2001::/23", "2001:db8::/32"),  # Teredo, ORCHID and others; documentation
        *("2002::/16", "2620:4f:8000::/48", "3fff::/20"),  # 6to4; AS112; documentation
    )
]
# What a host that the policy names may have beside public addresses: never a link-local one, where
# machines of a cloud ask for their credentials.
_OF_NAMED_HOSTS = [
    ipaddress.ip_network(text)
    for text in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7"),
    )
]


@dataclass(frozen=True, slots=True)
class Target:
    """A callback URL in its parts. ``host`` is a name or an address, in small letters, unbracketed."""

    scheme: str
    host: str
    port: int
    path: str  # with the query
    address: Address | None  # if the host is one

    @classmethod
    def read(cls, url: str) -> Target:
        """The parts of ``url``. Raises ``ValueError`` with what is wrong about it."""
        if len(url) > URL_CHARS_MAX:
            raise ValueError(f"has {len(url)} characters; at most {URL_CHARS_MAX} are allowed")
        found = _URL.fullmatch(url)
        if not found:
            raise ValueError(
                "must be a URL such as https://example.com/hook: http or https, in ASCII, "
                "without user, password and fragment"
            )
        scheme, host, named, path = found["scheme"], found["host"].lower(), found["port"], found["target"]
        address = _address(host)
        port = int(named) if named else _PORTS[scheme]
        if port not in _PORTS.values() and not _PORT_FREE <= port <= 65_535:
            raise ValueError(f"names port {port}; 80, 443 and from {_PORT_FREE} on are allowed")
        return cls(scheme, host.strip("[]"), port, path if path.startswith("/") else f"/{path}", address)


@dataclass(frozen=True, slots=True)
class Policy:
    """Where webhooks may go: to public addresses, and to what is named here."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def read(cls, words: str) -> Policy:
        """The policy with these addresses, networks and host names allowed, with commas between them.

        Raises ``ValueError``.
        """
        networks: list[Network] = []
        hosts: set[str] = set()
        for word in filter(None, (part.strip().lower() for part in words.split(","))):
            try:
                networks.append(ipaddress.ip_network(word))
            except ValueError as error:
                if not _NAME.fullmatch(word) or _is_numeric(word):
                    raise ValueError(f"{word[:64]!r} is no address, network or host: {error}") from None
                hosts.add(word)
        return cls(tuple(networks), frozenset(hosts))

    def allows(self, host: str, address: Address) -> bool:
        """Whether a webhook for ``host`` may be sent to this address of it."""
        if any(address in network for network in self.networks):
            return True
        if getattr(address, "scope_id", None):
            return False
        if host in self.hosts and any(address in network for network in _OF_NAMED_HOSTS):
            return True
        if address.version == 4:
            return not any(address in network for network in _V4_NOT_PUBLIC)
        return address in _V6_PUBLIC and not any(address in network for network in _V6_NOT_PUBLIC)


def callback_url(field: str, value: Any, policy: Policy | None) -> str:
    """A URL that the end of a job may be told to. ``policy``: None where webhooks are off.

    Raises ``InvalidJob`` naming ``field``. A name is not looked up: that is done at every attempt.
    """
    if policy is None:
        raise InvalidJob(field, "webhooks are off here: the operator has not set SANDFLEET_WEBHOOK_SECRET")
    if not isinstance(value, str):
        raise InvalidJob(field, "must be a URL")
    try:
        target = Target.read(value)
    except ValueError as error:
        raise InvalidJob(field, str(error)) from None
    local = target.host == "localhost" or target.host.endswith(".localhost")
    allowed = policy.allows(target.host, target.address) if target.address else True
    if not allowed or (local and not _allows_loopback(policy, target.host)):
        raise InvalidJob(
            field,
            "points to an address that is not public; the operator may allow it with SANDFLEET_WEBHOOK_ALLOW",
        )
    return value


def secret_of(master: str, owner: str) -> str:
    """The secret that the deliveries of an owner are signed with, as its receivers are given it."""
    made = hmac.digest(master.encode(), f"key:{owner}".encode(), "sha256")
    return f"whsec_{base64.b64encode(made).decode()}"


def signed(secret: str, delivery_id: str, at_s: int, body: bytes) -> Mapping[str, str]:
    """The headers that tell a receiver what this is and that it is ours (Standard Webhooks)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = b"%s.%d.%s" % (delivery_id.encode(), at_s, body)
    signature = base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{signature}",
    }


def _allows_loopback(policy: Policy, host: str) -> bool:
    return any(policy.allows(host, ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1"))


def _is_numeric(host: str) -> bool:
    # As browsers do: whatever ends in a number is an address, or nothing (127.1, 0x7f.1, 2130706433).
    last = host.rpartition(".")[2]
    return last.isdecimal() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _address(host: str) -> Address | None:
    if not host.startswith("[") and not _is_numeric(host):
        if not _NAME.fullmatch(host):
            raise ValueError(f"{host[:64]!r} is not the name of a host")
        return None
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        raise ValueError(f"{host[:64]!r} is not an address") from None
