"""Keys of a running cluster: made beside it, and asked for as soon as it is there for others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx2
import pytest

from fleet.api_keys import Token
from setup import cluster as setup_cluster
from setup import keys
from setup.cluster import Cluster
from setup.engine import SetupError
from tests.acceptance.conftest import all_workers_serve
from tests.acceptance.harness import SERVICES, Fleet, docker, until

JOB = {"problemId": "keys", "code": "print(6 * 7)", "language": "python"}
WAIT = {"Prefer": "wait=30"}
# Tests of this cluster talk to it over loopback; what it is published on is what counts.
EVERYWHERE = "0.0.0.0"


@pytest.fixture(scope="module")
def public(fleet: Fleet) -> Iterator[Cluster]:
    """The same cluster, published on every address of this machine for a while."""
    there = replace(fleet.cluster, bind=EVERYWHERE)
    try:
        setup_cluster.up(there, None)
        yield there
    finally:
        setup_cluster.up(fleet.cluster, None)
        until(lambda: all_workers_serve(fleet), "the cluster as it was", 60)


def test_a_key_is_made_and_revoked_beside_the_services(fleet: Fleet) -> None:
    before = {service: sorted(fleet.cluster.containers(service)) for service in SERVICES}
    made = keys.create(fleet.cluster, "acceptance", jobs_per_minute=9, lasts_s=600)
    stored = fleet.redis_cli("operator", "HGETALL", f"{{problems}}.key:{made.key_id}")
    assert "acceptance" in stored
    assert made.token.rpartition("_")[2] not in stored
    keys.revoke(fleet.cluster, made.key_id)
    with pytest.raises(SetupError, match="make keys lists"):
        keys.revoke(fleet.cluster, made.key_id)
    assert {service: sorted(fleet.cluster.containers(service)) for service in SERVICES} == before


def test_beyond_loopback_up_greets_with_a_key_of_its_own_and_says_how_to_make_one(
    public: Cluster, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_cluster.greet(public, public.key_command(), "next", "more {}", 1)
    said = capsys.readouterr().out
    assert re.search(r"python +\S.* first +\d+ ms", said)
    assert f"needs one, as the API is published on {EVERYWHERE}; the first:  make key NAME=me" in said
    assert "sfk_" not in said
    assert fleet.redis_cli("operator", "SMEMBERS", "{problems}.keys") == ""


def test_beyond_loopback_nobody_is_let_in_without_a_key(public: Cluster) -> None:
    made = keys.create(public, "acceptance", ("submit",), lasts_s=600)
    reads = keys.create(public, "acceptance", ("read",), lasts_s=600)
    with httpx2.Client(base_url=public.url, timeout=60) as http:
        assert http.get("/healthz").status_code == http.get("/readyz").status_code == 200
        for path in ("/languages", "/metrics", "/result/keys", f"/jobs/{'0' * 32}"):
            assert http.get(path).status_code == 401
        assert http.post("/submit", json=JOB).status_code == 401
        wrong = {"Authorization": f"Bearer {Token.mint(made.key_id).text}"}
        assert http.post("/submit", json=JOB, headers=wrong).status_code == 401
        reading = {"Authorization": f"Bearer {reads.token}"}
        assert http.post("/submit", json=JOB, headers=reading).status_code == 403
        sending = {"Authorization": f"Bearer {made.token}"}
        result = http.post("/submit", json=JOB, headers={**sending, **WAIT})
        assert (result.status_code, result.json()["stdout"]) == (200, "42\n")
        keys.revoke(public, made.key_id)
        until(lambda: http.post("/submit", json=JOB, headers=sending).status_code == 401, "the end of it")
        keys.revoke(public, reads.key_id)


def test_no_secret_of_a_key_is_in_a_log_or_an_environment(public: Cluster, fleet: Fleet) -> None:
    made = keys.create(public, "acceptance", lasts_s=600)
    with httpx2.Client(base_url=public.url, timeout=60) as http:
        answer = http.post("/submit", json=JOB, headers={"Authorization": f"Bearer {made.token}", **WAIT})
        assert answer.status_code == 200
    keys.revoke(public, made.key_id)
    secret = made.token.rpartition("_")[2]
    maker = (public.state / "keys.env").read_text().partition("keys:")[2].partition("@")[0]
    for service in SERVICES:
        for container in fleet.cluster.containers(service):
            assert secret not in docker("logs", container)
            assert maker not in docker("inspect", container)
    assert [path for path in public.state.rglob("*") if path.is_file() and secret in path.read_text()] == []
