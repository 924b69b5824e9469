"""The cluster as setup makes it: closed where it must be, and the same when asked for again."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from setup import cluster as setup_cluster
from setup.engine import SetupError
from tests.acceptance.harness import SERVICES, Fleet, described, docker


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_runs_with_the_least_it_needs(fleet: Fleet, service: str) -> None:
    for container in fleet.cluster.containers(service):
        known = described(container)
        host = known["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert [capability.removeprefix("CAP_") for capability in host["CapDrop"]] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["LogConfig"]["Config"]["max-size"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert known["Config"]["User"] not in ("", "0", "root")


@pytest.mark.parametrize("service", SERVICES)
def test_the_worker_alone_reaches_the_engine(fleet: Fleet, service: str) -> None:
    for container in fleet.cluster.containers(service):
        mounts = {mount["Destination"] for mount in described(container)["Mounts"]}
        assert ("/var/run/docker.sock" in mounts) == (service == "worker")


def test_only_the_api_is_published_and_only_on_this_machine(fleet: Fleet) -> None:
    published = {
        service: [
            binding["HostIp"]
            for container in fleet.cluster.containers(service)
            for bindings in (described(container)["NetworkSettings"]["Ports"] or {}).values()
            for binding in bindings or ()
        ]
        for service in SERVICES
    }
    assert published == {"redis": [], "api": ["127.0.0.1"], "worker": [], "subscriber": []}


def test_redis_is_on_a_network_without_a_way_out(fleet: Fleet) -> None:
    (network,) = described(fleet.container("redis"))["NetworkSettings"]["Networks"]
    assert json.loads(docker("network", "inspect", network))[0]["Internal"]


@pytest.mark.parametrize("user", ["producer", "api", "worker", "subscriber", "keys"])
@pytest.mark.parametrize(
    "command",
    [
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("KEYS", "*"),
        ("SHUTDOWN", "NOSAVE"),
        ("ACL", "LIST"),
        ("BGREWRITEAOF",),
        ("SCRIPT", "FLUSH"),
        ("MONITOR",),
        ("SET", "elsewhere", "1"),
    ],
    ids=" ".join,
)
def test_no_account_of_a_room_may_do_what_is_the_operators(
    fleet: Fleet, user: str, command: tuple[str, ...]
) -> None:
    assert fleet.redis_cli(user, *command).startswith("NOPERM")


@pytest.mark.parametrize(
    ("user", "command"),
    [
        ("producer", ("RPOP", "problems")),
        ("producer", ("LRANGE", "problems", "0", "-1")),
        ("producer", ("SUBSCRIBE", "problem_done")),
        ("api", ("DEL", "problems")),
        ("api", ("RPOP", "problems")),
        ("api", ("XADD", "{problems}:told:x", "*", "e", "1")),
        ("subscriber", ("LPUSH", "problems", "x")),
        ("subscriber", ("DEL", "problems")),
        ("subscriber", ("HMGET", "{problems}:job:x", "result")),
        ("api", ("HSET", "{problems}.key:0123456789ab", "scopes", "admin")),
        ("worker", ("HSET", "{problems}.key:0123456789ab", "scopes", "admin")),
        ("worker", ("HMGET", "{problems}.key:0123456789ab", "digest")),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_room_cannot_do_the_work_of_another(fleet: Fleet, user: str, command: tuple[str, ...]) -> None:
    assert fleet.redis_cli(user, *command).startswith("NOPERM")


def test_nobody_gets_in_without_a_password(fleet: Fleet) -> None:
    redis_cli = ("exec", fleet.container("redis"), "redis-cli")
    assert docker(*redis_cli, "PING").startswith("NOAUTH")
    assert docker(*redis_cli, "AUTH", "default", "").startswith("WRONGPASS")
    assert docker(*redis_cli, "AUTH", "").startswith("WRONGPASS")
    assert docker(*redis_cli, "--user", "health", "--pass", "-", "GET", "x").count("NOPERM")


def test_secrets_are_readable_by_their_owner_alone(fleet: Fleet) -> None:
    state = fleet.cluster.state
    assert state.stat().st_mode & 0o777 == 0o700
    for name in ("passwords.json", "api.env", "worker.env", "subscriber.env", "keys.env"):
        assert (state / name).stat().st_mode & 0o777 == 0o600
    assert (
        json.loads((state / "passwords.json").read_text())["worker"]
        not in (state / "accounts.acl").read_text()
    )


def test_up_again_changes_nothing(fleet: Fleet) -> None:
    before = {service: sorted(fleet.cluster.containers(service)) for service in SERVICES}
    setup_cluster.up(fleet.cluster, None)
    assert {service: sorted(fleet.cluster.containers(service)) for service in SERVICES} == before


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(fleet: Fleet) -> None:
    other = replace(fleet.cluster, project=f"{fleet.cluster.project}-other")
    with pytest.raises(SetupError, match=f"port {other.port} .*\n.*SANDFLEET_PORT="):
        setup_cluster.up(other, None)


def test_an_unknown_setting_is_named_before_anything_starts(fleet: Fleet) -> None:
    mistaken = replace(fleet.cluster, settings={"SANDFLEET_LEASES": "5"})
    with pytest.raises(SetupError, match="unknown setting SANDFLEET_LEASES"):
        setup_cluster.prepare(mistaken)


def test_the_worker_finds_this_machine_fit(fleet: Fleet) -> None:
    report = docker("exec", fleet.cluster.containers("worker")[0], "python", "-m", "worker", "doctor")
    assert "PASS    Redis" in report
    assert "FAIL" not in report
