"""The Redis of the contract suites, for this one too."""

from __future__ import annotations

from tests.contract.conftest import clients, redis_server

__all__ = ["clients", "redis_server"]
