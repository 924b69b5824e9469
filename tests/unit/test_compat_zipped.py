"""Zips of strangers: what is taken out of one, and what is refused before it costs anything."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.compat.zipped import unzipped
from fleet.errors import InvalidJob
from fleet.limits import Bounds

BOUNDS = Bounds()


def zipped(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def refusal(archive: bytes, bounds: Bounds = BOUNDS) -> str:
    with pytest.raises(InvalidJob) as refused:
        unzipped("additional_files", archive, bounds)
    assert refused.value.field == "additional_files"
    return refused.value.detail


def test_text_files_come_out_and_folders_do_not() -> None:
    archive = zipped({"lib/": b"", "lib/words.txt": "wärter\n", "b": b""})
    assert unzipped("f", archive, BOUNDS) == [
        {"path": "lib/words.txt", "content": "wärter\n"},
        {"path": "b", "content": ""},
    ]


def test_a_bomb_is_read_no_further_than_a_job_may_have_files() -> None:
    bomb = zipped({"zeros": b"\0" * 50_000_000})
    assert len(bomb) < 60_000
    assert refusal(bomb) == "has more than 262144 bytes of files"
    many = zipped({str(number): b"\0" * 100_000 for number in range(3)})
    assert refusal(many) == "has more than 262144 bytes of files"


def test_a_header_that_lies_about_sizes_is_no_way_around() -> None:
    archive = bytearray(zipped({"zeros": b"\0" * 1_000_000}))
    at = archive.index(b"PK\x01\x02") + 24
    archive[at : at + 4] = (1).to_bytes(4, "little")
    try:
        files = unzipped("additional_files", bytes(archive), BOUNDS)
    except InvalidJob:
        return
    assert len(files[0]["content"]) <= BOUNDS.files_bytes_max


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_could_take_any_memory_to_unpack_is_refused(method: int) -> None:
    assert refusal(zipped({"a": b"x"}, method)).startswith("'a' is encrypted or packed in a way")


def test_other_refusals() -> None:
    assert refusal(b"x" * 400_000).startswith("the archive has 400000 bytes; at most 327680")
    assert refusal(zipped({str(number): b"" for number in range(65)})) == "has 65 files; at most 64 are taken"
    assert refusal(zipped({"a": b"\xff"})) == "'a' is not text in UTF-8; other files are not taken"
    encrypted = bytearray(zipped({"a": b"x"}))
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(encrypted)).startswith("'a' is encrypted")
    assert refusal(b"") == refusal(b"PK") == "is not a zip that can be read"


SOUND = zipped({"lib/words.txt": "words\n" * 20, "b": b"b"})


@given(st.integers(0, len(SOUND) - 1), st.integers(0, 255), st.integers(0, len(SOUND)))
def test_no_damage_is_more_than_a_refusal(at: int, byte: int, end: int) -> None:
    damaged = bytearray(SOUND)
    damaged[at] = byte
    for archive in (bytes(damaged), SOUND[:end]):
        with contextlib.suppress(InvalidJob):
            unzipped("additional_files", archive, BOUNDS)
