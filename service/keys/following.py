"""How a ring learns what is kept: from a file at once, from a database every second."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from service.database.sqlite import SqliteTransaction
from service.errors import StoreUnavailable
from service.keys.beside import beside
from service.keys.key import month_of
from service.keys.schema import is_current, prepare
from service.keys.store import Kept, KeyStore, read_kept

logger = logging.getLogger("kurzfassung")

LOOK_SECONDS = 1.0
"""How often a database is asked: so long a key that was revoked elsewhere may still be used."""

_STALE_SECONDS = 600.0
"""How long the keys known are used while the database cannot be reached, in which nobody can revoke one."""


class Following(Protocol):
    """Use it from one thread."""

    def kept(self, month: str, before: Kept | None) -> Kept | None:
        """What is kept now, `before` itself where nothing changed; None where nothing was ever kept. Takes
        microseconds then, and asks no network ever. Raises `StoreUnavailable`."""
        ...

    async def look(self) -> None:
        """Ask, beside the event loop, what `kept` will tell from then on; raises nothing where that fails."""
        ...

    def close(self) -> None: ...


class FollowedFile:
    """Asking SQLite whether its file was changed takes microseconds, so every change counts at once. The file
    may appear later, and another be put in its place. One that is taken away leaves the keys as they were:
    losing a file must not open the service."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._commit: int | None = None

    def kept(self, month: str, before: Kept | None) -> Kept | None:
        try:
            self._follow()
            if self._connection is None:
                return before
            # Of the last commit of anybody, as this connection counts them.
            (commit,) = self._connection.execute("PRAGMA data_version").fetchone()
            if before is not None and commit == self._commit and month == before.month:
                return before
            # In another file the same revision may be of other keys.
            known = None if self._commit is None else before
            kept = read_kept(SqliteTransaction(self._connection), month, known)
            self._commit = commit
            return kept
        except (OSError, sqlite3.Error) as error:
            self.close()
            self._file = None
            logger.error("the store of keys", extra={"facts": {"cause": type(error).__name__}})
            raise StoreUnavailable("The store of keys cannot be used right now.", retry_after=5) from error

    async def look(self) -> None:
        """`kept` does."""

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _follow(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return
        if (file := (status.st_dev, status.st_ino)) != self._file:
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None, check_same_thread=False)
            try:
                transaction = SqliteTransaction(connection)
                if not is_current(transaction):
                    transaction.execute("BEGIN IMMEDIATE")
                    prepare(transaction)
                    transaction.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self.close()
            self._connection, self._file, self._commit = connection, file, None


class FollowedDatabase:
    """Nothing is known before the first look that succeeded, and nothing any more when the last is too long
    ago: both raise `StoreUnavailable`, and let nobody in. `clock` is in seconds, `now` tells the month."""

    def __init__(
        self,
        store: KeyStore,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._now, self._clock = store, now, clock
        self._asking = asyncio.Lock()
        self._found: Kept | None = None
        self._found_at = 0.0

    def kept(self, month: str, before: Kept | None) -> Kept | None:  # noqa: ARG002 -- the interface
        found = self._found
        if found is None or self._clock() - self._found_at > _STALE_SECONDS:
            raise StoreUnavailable("The store of keys cannot be used right now.", retry_after=5)
        # In the first second of a month nothing is known to be used.
        return found if found.month == month else Kept(found.revision, found.keys, month, {})

    async def look(self) -> None:
        async with self._asking:  # what was found earlier must not come later
            asked_at = self._clock()
            try:
                self._found = await beside(self._store.kept, month_of(self._now()), self._found)
            except StoreUnavailable:
                return
            self._found_at = asked_at

    def close(self) -> None:
        """The store is closed by whoever opened it."""
