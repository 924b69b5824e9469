"""docs/openapi.json, written from the code: ``python -m setup.openapi``.

It is the description that an API with default settings serves, beyond loopback. A test compares the
file with what this writes, so that every change of the contract shows in its own line of a commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.app import Deps, create_app
from api.auth import Guard
from api.directory import Directory
from api.key_ring import KeyRing
from api.pace import Pace
from api.settings import ApiSettings
from api.testing import KeysOfTest
from api.waiters import Waiters
from fleet.testing import FakeQueue
from fleet.testing_deliveries import FakeDeliveries
from setup.engine import ROOT

SNAPSHOT = ROOT / "docs" / "openapi.json"


def document() -> Mapping[str, Any]:
    """The description of the API."""
    settings = ApiSettings()
    directory = Directory({}, settings.bounds)
    parts = Deps(
        settings=settings,
        queue=FakeQueue(),
        directory=directory,
        waiters=Waiters(settings.waiters_max),
        guard=Guard(KeyRing(KeysOfTest().find), required=True),
        deliveries=FakeDeliveries(),
        pace=Pace(directory),
    )
    return create_app(parts).openapi()


def text() -> str:
    """The description as it is in the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(text())
