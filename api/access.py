"""What each address asks of a key: one table, and its place in the description of the API.

An address without a line is answered with a failure of the server, never with what lies behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.description import foreign, parts
from api.problems import Kind
from fleet.api_keys import Scope

OPEN = None  # anybody may ask, also where keys are required: it holds nothing of anyone

# Addresses of other APIs, whose clients may put a slash at the end.
_FOREIGN: Mapping[str, Scope] = {
    "GET /piston/api/v2/runtimes": Scope.READ,
    "POST /piston/api/v2/execute": Scope.SUBMIT,
    "POST /judge0/submissions": Scope.SUBMIT,
    "POST /judge0/submissions/batch": Scope.SUBMIT,
    "GET /judge0/submissions/batch": Scope.READ,
    "GET /judge0/submissions/{token}": Scope.READ,
    "DELETE /judge0/submissions/{token}": Scope.SUBMIT,
    "GET /judge0/languages": Scope.READ,
    "GET /judge0/languages/all": Scope.READ,
    "GET /judge0/languages/{languageId}": Scope.READ,
    "GET /judge0/statuses": Scope.READ,
    "GET /judge0/about": Scope.READ,
    "GET /judge0/config_info": Scope.READ,
    "GET /judge0/workers": Scope.READ,
}
NEEDS: Mapping[str, Scope | None] = {
    # Pages, the same for all: a browser could not send them a key.
    "GET /": OPEN,
    "GET /docs": OPEN,
    "GET /docs/assets/{name}": OPEN,
    "GET /favicon.ico": OPEN,
    # What watches over the process has no key.
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /languages": Scope.READ,
    "GET /metrics": Scope.READ,
    "POST /submit": Scope.SUBMIT,
    "POST /submit/batch": Scope.SUBMIT,
    "GET /batches/{batchId}": Scope.READ,
    "DELETE /batches/{batchId}": Scope.SUBMIT,
    "GET /batches/{batchId}/results": Scope.READ,
    "GET /batches/{batchId}/events": Scope.READ,
    "GET /result/{id}": Scope.READ,
    "DELETE /result/{id}": Scope.SUBMIT,
    "GET /jobs/{jobId}": Scope.READ,
    "DELETE /jobs/{jobId}": Scope.SUBMIT,
    "GET /jobs/{jobId}/events": Scope.READ,
    "GET /jobs/{jobId}/source": Scope.READ,
    "GET /problems/{problemId}": Scope.READ,
    "GET /problems/{problemId}/results": Scope.READ,
    "PUT /problems/{problemId}": Scope.SUBMIT,
    "DELETE /problems/{problemId}": Scope.SUBMIT,
    "GET /deliveries": Scope.READ,
    "GET /deliveries/{deliveryId}": Scope.READ,
    "POST /deliveries/{deliveryId}/redeliver": Scope.SUBMIT,
    **{address + end: scope for address, scope in _FOREIGN.items() for end in ("", "/")},
}
_REFUSALS = (Kind.KEY_REQUIRED, Kind.SCOPE, Kind.QUEUE_UNAVAILABLE, Kind.KEYS_BUSY)
_SCHEME = "apiKey"


def describe(document: dict[str, Any], required: bool) -> dict[str, Any]:
    """``document`` with what each address asks of a key, and how it refuses one."""
    about = "`make key` makes one: `sfk_` and its id, `_` and its secret."
    if not required:
        about += " This API is open to its own machine: there only a wrong key is refused."
    document["components"]["securitySchemes"] = {
        _SCHEME: {"type": "http", "scheme": "bearer", "description": about}
    }
    for address, operation in _operations(document):
        scope = NEEDS[address]
        if scope is OPEN:
            operation["security"] = []
            continue
        operation["security"] = [{_SCHEME: [str(scope)]}] if required else [{_SCHEME: [str(scope)]}, {}]
        if foreign.TAGS.isdisjoint(operation["tags"]):  # those have told it in their own form
            parts.add_problems(operation, *_REFUSALS)
    return document


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {path}", operation
