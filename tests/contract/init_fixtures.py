"""Containers for the tests of init, destroyed when they are done with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.contract.init_box import InitBox


@pytest.fixture(scope="session")
def init_boxes() -> Iterator[list[InitBox]]:
    """The shared containers of this run: one, unless a test ended it."""
    boxes: list[InitBox] = []
    yield boxes
    for box in boxes:
        box.destroy()


@pytest.fixture
def box(init_boxes: list[InitBox]) -> InitBox:
    """The shared container, which has run the stages of the tests before."""
    if not init_boxes or init_boxes[-1].client.poll() is not None:
        init_boxes.append(InitBox())
    return init_boxes[-1]


@pytest.fixture
def new_box() -> Iterator[Callable[..., InitBox]]:
    """Make containers of one's own."""
    boxes: list[InitBox] = []

    def make(*init_args: str, memory: str = "128m", options: Sequence[str] = ()) -> InitBox:
        boxes.append(InitBox(*init_args, memory=memory, options=options))
        return boxes[-1]

    yield make
    for box in boxes:
        box.destroy()
