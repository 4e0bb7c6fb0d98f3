"""What a file of this machine holds, on its way into a database that several share."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock

from service.database.protocol import Database, TakeIn, Transaction
from service.database.sqlite import SqliteTransaction
from service.errors import StoreUnavailable

logger = logging.getLogger("kurzfassung")

_PATIENCE_SECONDS = 10
"""For whoever moves the same file, or still writes into it."""


class MovedInto:
    """A database in which nothing is done before it has taken in the file at `path`, if there is one. The
    file is put aside as `NAME.moved` then. Who is interrupted in between, or comes second, takes in nothing
    twice. Besides what `Database` raises, `StoreUnavailable` where the file cannot be read or put aside."""

    def __init__(self, database: Database, path: Path, keeps: str, take_in: TakeIn) -> None:
        self._database = database
        self._path, self._keeps, self._take_in = path, keeps, take_in
        self._lock = threading.Lock()
        self._moved = False

    def exists(self) -> bool:
        return self._database.exists()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._lock:
            if not self._moved:
                self._move()
                self._moved = True
        with self._database.transaction() as transaction:
            yield transaction

    def erase(self) -> None:
        self._database.erase()

    def backup(self, target: Path) -> None:
        self._database.backup(target)

    def close(self) -> None:
        self._database.close()

    def _move(self) -> None:
        if not self._path.is_file():
            return
        try:
            with FileLock(self._path.with_name(f"{self._path.name}.lock"), timeout=_PATIENCE_SECONDS):
                if self._path.is_file():  # nobody else was faster
                    self._copy()
                    self._path.rename(_free(self._path))
                    logger.info(f"the {self._keeps} in this machine's file were moved into the database")
        except (OSError, sqlite3.Error, StoreUnavailable) as error:  # a lock that is not got is an OSError
            facts = {"cause": getattr(error, "sqlite_errorname", type(error).__name__)}
            logger.error(
                f"the {self._keeps} in this machine's file cannot be moved into the database",
                extra={"facts": facts},
            )
            message = f"The {self._keeps} of this machine could not be moved into the database yet."
            raise StoreUnavailable(message, retry_after=5) from error

    def _copy(self) -> None:
        """The file that it leaves is whole, without a log beside it."""
        with closing(sqlite3.connect(self._path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as file:
            file.execute("PRAGMA foreign_keys = ON")
            file.execute("BEGIN IMMEDIATE")
            with self._database.transaction() as transaction:
                self._take_in(SqliteTransaction(file), transaction)
            file.execute("COMMIT")
            # Closing does not where another process has the file open.
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _free(path: Path) -> Path:
    """A name that nothing has: what was put aside before stays."""
    aside, number = path.with_name(f"{path.name}.moved"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.moved-{number}")
    return aside
