"""One cluster for all acceptance tests, brought up as ``make up`` does, beside any that runs here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import httpx2
import pytest

from setup import cluster as setup_cluster
from setup.cluster import Cluster
from setup.images import build_all
from tests.acceptance.harness import Fleet, left_behind, until
from tests.chaos.processes import free_port

LEASE_S = 5
WORKERS = 2


@pytest.fixture(scope="package")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A running cluster; the end of the acceptance tests proves that nothing of it is left."""
    cluster = Cluster(
        project=f"sandfleet-test-{secrets.token_hex(4)}",
        port=free_port(),
        state=tmp_path_factory.mktemp("cluster"),
        settings={"SANDFLEET_LEASE_S": str(LEASE_S), "SANDFLEET_SPARES": "1"},
    )
    build_all(cluster.state, "auto")
    try:
        setup_cluster.up(cluster, WORKERS)
        with httpx2.Client(base_url=cluster.url, timeout=90) as http:
            made = Fleet(cluster, http)
            until(lambda: all_workers_serve(made), f"{WORKERS} workers")
            yield made
    finally:
        setup_cluster.down(cluster)
    assert left_behind(cluster.project) == {}


def all_workers_serve(fleet: Fleet) -> bool:
    languages = fleet.http.get("/languages").raise_for_status().json()["languages"]
    return all(language["workers"] == WORKERS for language in languages)
