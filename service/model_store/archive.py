"""Directories to tar files and back, where the tar file may be hostile."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from service.errors import ModelDamaged, SettingInvalid
from service.model_store.selection import is_safe_path

_CHUNK = 1 << 20
_MAX_MEMBERS = 10_000
"""A model has tens of files."""
_MAX_DEPTH = 8


def write(
    target: Path, directory: Path, prefix: str, progress: Callable[[str, int, int], None] | None = None
) -> None:
    """Packs a directory under `prefix`. Same content, same bytes; ".gz" at the end compresses."""
    if not target.parent.is_dir():
        raise SettingInvalid(f"{target.parent} is not a directory.")
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    total, done = sum(path.stat().st_size for path in paths), 0
    temporary = target.with_name(target.name + ".partial")
    try:
        with (
            temporary.open("wb") as raw,
            _compressed(raw, target.name.endswith(".gz")) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for path in paths:
                member = tarfile.TarInfo(f"{prefix}/{path.relative_to(directory).as_posix()}")
                member.size, member.mode = path.stat().st_size, 0o644
                with path.open("rb") as content:
                    tar.addfile(member, content)
                done += member.size
                if progress is not None:
                    progress(path.name, done, total)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def copy(source: Path, target: Path, max_bytes: int) -> None:
    """Copies a directory of plain files. Raises `ModelDamaged` for links, devices or too much of anything."""
    budget = _Budget(source, max_bytes)
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise ModelDamaged(
                f"{path} is a link or a device, and only plain files are imported. "
                "Copy the directory with `cp -rL` first if the links are yours."
            )
        budget.spend(name, path.stat().st_size if path.is_file() else 0)
        if path.is_dir():
            (target / name).mkdir()
        else:
            shutil.copyfile(path, target / name)


def unpack(source: Path, target: Path, max_bytes: int) -> None:
    """Unpacks a .tar or .tar.gz. Raises `ModelDamaged` for anything but plain files and directories inside
    `target`, and before more than `max_bytes` are written."""
    budget = _Budget(source, max_bytes)
    target.mkdir(parents=True)
    try:
        with (
            source.open("rb") as raw,
            _decompressed(raw) as stream,
            # tarfile's declared type asks for more methods than it uses to read: read, seek and tell.
            tarfile.open(fileobj=cast(IO[bytes], _SmallReads(stream)), mode="r:") as tar,
        ):
            for member in tar:
                _unpack_member(tar, member, target, budget)
    except FileNotFoundError:
        raise SettingInvalid(f"{source} does not exist.") from None
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        raise ModelDamaged(f"{source} is not a readable .tar or .tar.gz: {error}") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, budget: _Budget) -> None:
    name = member.name.removeprefix("./").rstrip("/")
    if member.type == tarfile.DIRTYPE and name in {"", "."}:
        return
    # Ordinary files and directories only: no links, no devices, and no sparse files, whose few bytes
    # stand for many.
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE}:
        raise ModelDamaged(f"{budget.source}: {name!r} is a link, a device or another special file.")
    budget.spend(name, member.size)
    path = target / name
    # Python's own filter for data archives, as a second opinion on the same questions.
    tarfile.data_filter(member, str(target))
    if member.type == tarfile.DIRTYPE:
        path.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member)
    if content is None or path.exists():
        raise ModelDamaged(f"{budget.source}: {name!r} is in it twice, or not a file.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("xb") as stream:
        shutil.copyfileobj(content, stream, _CHUNK)
    if path.stat().st_size != member.size:
        raise ModelDamaged(f"{budget.source}: {name!r} is cut short.")


class _Budget:
    """Counts what a source has asked for so far."""

    def __init__(self, source: Path, max_bytes: int) -> None:
        self.source = source
        self._bytes_left = max_bytes
        self._members_left = _MAX_MEMBERS

    def spend(self, name: str, size: int) -> None:
        if not is_safe_path(name) or name.count("/") >= _MAX_DEPTH:
            raise ModelDamaged(f"{self.source}: {name!r} is not a path that stays inside a model directory.")
        self._members_left -= 1
        self._bytes_left -= size
        if self._members_left < 0:
            raise ModelDamaged(f"{self.source} holds more than {_MAX_MEMBERS} files.")
        if self._bytes_left < 0:
            raise ModelDamaged(
                f"{self.source} holds more than may be unpacked here: over the limit, or over what is free."
            )


class _SmallReads:
    """Lets tarfile read headers and small pieces only: it reads an extended header of any claimed length
    into memory at once, which a hostile archive may claim to be gigabytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _CHUNK:
            raise tarfile.ReadError("a header of an unreasonable size")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


@contextmanager
def _decompressed(raw: BinaryIO) -> Iterator[IO[bytes]]:
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
            yield cast(IO[bytes], stream)
    else:
        yield raw


@contextmanager
def _compressed(raw: BinaryIO, compress: bool) -> Iterator[IO[bytes]]:
    if compress:
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as stream:
            yield cast(IO[bytes], stream)
    else:
        yield raw


def staging_directory(parent: Path) -> Path:
    """A new directory on the same file system as `parent`, so that a rename out of it is atomic."""
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".import-", dir=parent))
