"""Files that are translated as jobs, as their senders see them: any process that shares the store tells how
one stands and hands the translation out, once."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any

from service.database.protocol import Transaction
from service.errors import DocumentNotFound, Overloaded
from service.jobs.job import Job, NewJob, Outcome
from service.jobs.store import END, JobStore, columns

SOON_SECONDS = 60.0
"""For whoever asks for a file twice: browsers that look first, downloads that broke."""

_LEAST_BYTES = 4_096
"""What a file is counted as at least, however short it is."""

_FULL_SECONDS = 30

_ID, _KEY = re.compile("[0-9a-f]{32}", re.I), re.compile("[0-9a-f]{64}", re.I)

_ITS = "id = ? AND secret = ? AND owner = ? AND expires > :now"


@dataclass(frozen=True, slots=True)
class Handle:
    """32 and 64 hexadecimal digits. Who has both, and is who sent the file, may have its translation."""

    id: str
    key: str

    @property
    def is_one(self) -> bool:
        """Whether it may be of any document: not every database takes every character to look for."""
        return bool(_ID.fullmatch(self.id) and _KEY.fullmatch(self.key))

    @property
    def secret(self) -> str:
        """What is kept of the key: its 256 random bits cannot be tried out."""
        return hashlib.sha256(f"{self.id.lower()}\n{self.key.lower()}".encode()).hexdigest()


class Documents:
    """At most `most_bytes` of files and translations, half of it for one owner that has a name. Each is
    forgotten `keep_seconds` after it was sent if it is not done by then, and as long after it was done.
    Every method raises `StoreUnavailable`; those that take a handle `DocumentNotFound`, also where it is
    somebody else's, and `StoreKeyInvalid`."""

    def __init__(self, store: JobStore, *, most_bytes: int, keep_seconds: float) -> None:
        self._store = store
        self._most_bytes, self._keep_seconds = most_bytes, keep_seconds

    def submit(self, owner: str, request: bytes, *, size: int) -> Handle:
        """`request` is what `Perform` gets, the file of `size` bytes included. Raises `Overloaded` where
        there is no room for it, `JobQueueFull`."""
        handle = _new_handle()
        with self._store.transaction() as transaction:
            self._require_room(transaction, owner, size)
            self._store.require_place(transaction)
            self._add(transaction, handle, owner, request)
        return handle

    def keep(self, owner: str, made: Outcome, characters: int) -> Handle:
        """One that is translated already. Raises `Overloaded`."""
        handle = _new_handle()
        seal = self._store.vault.seal
        with self._store.transaction() as transaction:
            self._require_room(transaction, owner, len(made.result))
            self._add(transaction, handle, owner, b"", characters)
            transaction.execute(
                f"{END}, done = total, result = ?, about = ? WHERE id = ?",
                "done",
                self._keep_seconds,
                None,
                None,
                seal(made.result),
                seal(made.about),
                handle.id,
            )
        return handle

    def standing(self, owner: str, handle: Handle) -> tuple[Job, bytes | None]:
        """And what is told of the translation, None until it is done."""
        select = f"SELECT {columns()}, about FROM jobs WHERE {_ITS}"
        *job, about = self._its(owner, handle, select, sealed=1)
        return Job(*job), about

    def take(self, owner: str, handle: Handle) -> Outcome:
        """The translation, to one who asks: then nothing of it is kept."""
        delete = f"DELETE FROM jobs WHERE {_ITS} AND status = 'done' RETURNING result, about"
        made = Outcome(*self._its(owner, handle, delete, sealed=2))
        self._store.erase()
        return made

    def show(self, owner: str, handle: Handle) -> Outcome:
        """The translation, for another `SOON_SECONDS`."""
        update = (
            "UPDATE jobs SET expires = CASE WHEN expires < :now + ? THEN expires ELSE :now + ? END "
            f"WHERE {_ITS} AND status = 'done' RETURNING result, about"
        )
        return Outcome(*self._its(owner, handle, update, SOON_SECONDS, SOON_SECONDS, sealed=2))

    def _its(self, owner: str, handle: Handle, sql: str, *parameters: object, sealed: int) -> list[Any]:
        """The row that the statement gives, the last so many of its columns unsealed: what cannot be read
        with the keys that are here stays as it was."""
        if handle.is_one and self._store.database.exists():
            with self._store.transaction() as transaction:
                rows = transaction.execute(sql, *parameters, handle.id.lower(), handle.secret, owner)
                if rows:
                    unseal, row = self._store.vault.unseal, rows[0]
                    opened = (None if each is None else unseal(each) for each in row[-sealed:])
                    return [*row[:-sealed], *opened]
        raise DocumentNotFound("There is no such document, or no longer.")

    def _add(
        self, transaction: Transaction, handle: Handle, owner: str, request: bytes, characters: int = 0
    ) -> None:
        new = NewJob(
            owner=owner,
            kind="document",
            request=request,
            total=1,  # its segments are counted when it is taken apart
            characters=characters,
            keep_seconds=self._keep_seconds,
            secret=handle.secret,
            id=handle.id,
        )
        self._store.add(transaction, new)

    def _require_room(self, transaction: Transaction, owner: str, size: int) -> None:
        size = max(_LEAST_BYTES, size)
        kept, own = (
            transaction.execute(
                "SELECT coalesce(sum(CASE WHEN size < ? THEN ? ELSE size END), 0) FROM ("
                "SELECT coalesce(length(request), 0) + coalesce(length(result), 0) AS size "
                f"FROM jobs WHERE kind = 'document' AND expires > :now{which}) AS kept",
                _LEAST_BYTES,
                _LEAST_BYTES,
                *parameters,
            )[0][0]
            for which, parameters in (("", ()), (" AND owner = ?", (owner,)))
        )
        if kept + size > self._most_bytes:
            raise Overloaded("Too many files are kept here; try again shortly.", retry_after=_FULL_SECONDS)
        if owner and own + size > self._most_bytes // 2:
            raise Overloaded("Too many files of yours are kept; fetch some.", retry_after=_FULL_SECONDS)


def _new_handle() -> Handle:
    return Handle(secrets.token_hex(16), secrets.token_hex(32))
