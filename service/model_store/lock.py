"""lock.json: which commit each model was fetched at, so that later runs get the same bytes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from service.errors import ModelDamaged
from service.model_store.config import Table

LOCK_FILE = "lock.json"

LOCAL = "local-"
"""How the revision of a checkpoint begins that was imported by hand."""

REVISION = r"^([0-9a-f]{40}|local-[0-9a-f]{12})$"


class LockedFile(Table):
    """`digest` is what the hub announced: "sha256:..." for large files, "git-sha1:..." for small ones."""

    size: int = Field(ge=0)
    digest: str = Field(pattern=r"^(sha256:[0-9a-f]{64}|git-sha1:[0-9a-f]{40})$")


class LockedModel(Table):
    """`files` is empty for an imported model, whose manifest alone says what it holds."""

    repository: str
    revision: str = Field(pattern=REVISION)
    endpoint: str = ""
    files: dict[str, LockedFile] = Field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Named by its own content, because nobody knows the commit."""
        return self.revision.startswith(LOCAL)


class _LockContents(Table):
    version: Literal[1] = 1
    models: dict[str, LockedModel] = Field(default_factory=dict)


class LockFile:
    """Reads the file at each question: another process may have pulled meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def models(self) -> Mapping[str, LockedModel]:
        """Raises `ModelDamaged` for a file that is there and cannot be read."""
        try:
            return _LockContents.model_validate_json(self.path.read_bytes()).models
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ModelDamaged(f"{self.path} is unreadable. Mend it, or delete it and pull again.") from error

    def get(self, name: str) -> LockedModel | None:
        return self.models().get(name)

    def put(self, name: str, locked: LockedModel) -> None:
        """Replaces one entry; the file is never seen half written."""
        contents = _LockContents(models=dict(sorted({**self.models(), name: locked}.items())))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=LOCK_FILE, dir=self.path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(contents.model_dump_json(indent=1) + "\n")
        Path(temporary).chmod(0o644)
        Path(temporary).replace(self.path)
