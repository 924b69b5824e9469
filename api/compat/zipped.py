"""Files out of a zip that a stranger sent: few, small, text, and never more read than is allowed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from fleet.errors import InvalidJob
from fleet.limits import Bounds

_BYTES_A_FILE = 1024  # what an archive may have beside the contents, for each file there may be
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others take as much memory as the sender likes
_ENCRYPTED = 0x1


def unzipped(field: str, archive: bytes, bounds: Bounds) -> list[dict[str, str]]:
    """The files of a zip, as a submission has them. Raises ``InvalidJob`` naming ``field``."""
    most = bounds.files_bytes_max + bounds.files_max * _BYTES_A_FILE
    if len(archive) > most:
        raise InvalidJob(field, f"the archive has {len(archive)} bytes; at most {most} are taken")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return _files(field, opened, bounds)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, NotImplementedError, OSError):
        raise InvalidJob(field, "is not a zip that can be read") from None


def _files(field: str, opened: zipfile.ZipFile, bounds: Bounds) -> list[dict[str, str]]:
    entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    if len(entries) > bounds.files_max:
        raise InvalidJob(field, f"has {len(entries)} files; at most {bounds.files_max} are taken")
    left, found = bounds.files_bytes_max, []
    for entry in entries:
        name = entry.filename[:64]
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise InvalidJob(field, f"{name!r} is encrypted or packed in a way that is not taken")
        with opened.open(entry) as packed:
            content = packed.read(left + 1)  # whatever its header says of its size
        left -= len(content)
        if left < 0:
            raise InvalidJob(field, f"has more than {bounds.files_bytes_max} bytes of files")
        try:
            found.append({"path": entry.filename, "content": content.decode()})
        except UnicodeDecodeError:
            raise InvalidJob(field, f"{name!r} is not text in UTF-8; other files are not taken") from None
    return found
