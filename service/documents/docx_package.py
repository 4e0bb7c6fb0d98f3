"""The ZIP archive that a Word file is, read within limits and never onto the disk."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping

from service.errors import DocumentInvalid

_MOST_ENTRIES = 2_000
_MOST_BYTES = 100_000_000
"""Unpacked, pictures included."""
_MOST_RATIO, _RATIO_FROM = 200, 1_000_000
"""Word's XML packs 10 to 30 times; an entry that unpacks to more than a megabyte and far more than that is a
bomb."""
_UNPACKED_BIT_BY_BIT = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""The others unpack all of what is there, whatever size is asked for."""
_CHUNK = 65_536
_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError)
"""What `zipfile` raises on archives that are cut, encrypted, or packed in ways it does not know."""


class Package:
    """The entries of the archive by name. Raises `DocumentInvalid` where it is damaged or hostile."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                self._check(archive)
                self.names = [entry.filename for entry in archive.infolist()]
        except _DAMAGE:
            raise DocumentInvalid(
                "The file is damaged, or no Word file: its archive cannot be read."
            ) from None

    @staticmethod
    def _check(archive: zipfile.ZipFile) -> None:
        entries = archive.infolist()
        if len(entries) > _MOST_ENTRIES:
            raise DocumentInvalid(f"The archive has more than {_MOST_ENTRIES:,} entries.")
        if len({entry.filename for entry in entries}) < len(entries):
            raise DocumentInvalid("The archive names an entry twice.")
        if sum(entry.file_size for entry in entries) > _MOST_BYTES:
            raise DocumentInvalid(f"The archive unpacks to more than {_MOST_BYTES:,} bytes.")
        for entry in entries:
            if entry.filename.startswith(("/", "\\")) or ".." in entry.filename.replace("\\", "/").split("/"):
                raise DocumentInvalid("An entry of the archive has a path that leads out of it.")
            if entry.compress_type not in _UNPACKED_BIT_BY_BIT:
                raise DocumentInvalid("An entry of the archive is packed in a way that no Word file is.")
            if entry.flag_bits & 1:
                raise DocumentInvalid("The file is encrypted; save it without a password.")
            bomb = entry.file_size > _MOST_RATIO * max(1, entry.compress_size)
            if bomb and entry.file_size > _RATIO_FROM:
                raise DocumentInvalid("An entry of the archive is packed too tightly to be a document's.")

    def read(self, name: str) -> bytes:
        """As many bytes as the archive announces, which were counted. Raises `DocumentInvalid`."""
        try:
            with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
                return _content(archive, archive.getinfo(name))
        except KeyError:
            raise DocumentInvalid("The file is damaged, or no Word file: a part of it is missing.") from None
        except _DAMAGE:
            raise DocumentInvalid("The file is damaged: a part of its archive cannot be read.") from None

    def rewritten(self, parts: Mapping[str, bytes]) -> bytes:
        """The archive with these entries in the place of its own."""
        out = io.BytesIO()
        try:
            with (
                zipfile.ZipFile(io.BytesIO(self._content)) as archive,
                zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written,
            ):
                for entry in archive.infolist():
                    named = zipfile.ZipInfo(entry.filename, entry.date_time)
                    named.external_attr = entry.external_attr
                    named.compress_type = zipfile.ZIP_DEFLATED
                    if entry.compress_type == zipfile.ZIP_STORED:
                        named.compress_type = zipfile.ZIP_STORED
                    content = parts.get(entry.filename)
                    written.writestr(named, _content(archive, entry) if content is None else content)
        except _DAMAGE:
            raise DocumentInvalid("The file is damaged: a part of its archive cannot be read.") from None
        return out.getvalue()


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Bit by bit and no more of it than the archive announces, which is what was counted: read at once it
    would be unpacked first and cut then."""
    content = bytearray()
    with archive.open(entry) as packed:
        while len(content) < entry.file_size and (chunk := packed.read(_CHUNK)):
            content += chunk
    return bytes(content)
