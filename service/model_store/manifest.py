"""What a model directory holds, byte for byte, so that damage and tampering show."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from service.errors import ModelDamaged
from service.model_store.config import ModelConfig, Table
from service.model_store.lock import REVISION

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


class StoredFile(Table):
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Table):
    """`variant` is the directory's own name: "checkpoint" as fetched, "ct2-int8" as converted."""

    version: Literal[1] = 1
    model: str
    repository: str
    revision: str = Field(pattern=REVISION)
    variant: str = Field(pattern=r"^[a-z0-9_-]+$")
    files: dict[str, StoredFile] = Field(min_length=1)


def sha256_of(path: Path, read: Callable[[int], None] | None = None) -> str:
    """The digest of one file; `read` is told the count of bytes after each piece."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            if read is not None:
                read(len(chunk))
    return digest.hexdigest()


def write_manifest(directory: Path, config: ModelConfig, revision: str, variant: str) -> Manifest:
    """Takes stock of every file below `directory` and writes the result beside them."""
    files = {
        path.relative_to(directory).as_posix(): StoredFile(size=path.stat().st_size, sha256=sha256_of(path))
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    if not files:
        raise ModelDamaged(f"{config.name}: nothing was written to {directory}.")
    manifest = Manifest(
        model=config.name, repository=config.repository, revision=revision, variant=variant, files=files
    )
    (directory / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Raises `ModelDamaged` when there is none or it cannot be read."""
    path = directory / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ModelDamaged(f"{path} is missing or unreadable. Fetch or import the model again.") from error


def check_sizes(directory: Path, manifest: Manifest) -> None:
    """The quick look at every start: each file there, each as long as it was. Raises `ModelDamaged`."""
    for name, stored in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise ModelDamaged(f"{manifest.model}: {path} is missing. Fetch or import the model again.")
        if path.stat().st_size != stored.size:
            raise ModelDamaged(
                f"{manifest.model}: {path} has {path.stat().st_size} bytes, expected {stored.size}. "
                "Fetch or import the model again."
            )


def check_digests(directory: Path, manifest: Manifest, read: Callable[[int], None] | None = None) -> None:
    """Reads every byte. Raises `ModelDamaged` for a wrong, missing or unlisted file."""
    check_sizes(directory, manifest)
    present = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}
    for name in sorted(present - manifest.files.keys() - {MANIFEST}):
        raise ModelDamaged(f"{manifest.model}: {directory / name} does not belong there. Remove it.")
    for name, stored in manifest.files.items():
        if sha256_of(directory / name, read) != stored.sha256:
            raise ModelDamaged(
                f"{manifest.model}: {directory / name} has the wrong SHA-256. "
                "Fetch or import the model again."
            )
