"""One SQLite file, for a service on one machine."""

from __future__ import annotations

import errno
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from service.database.protocol import Rows, Transaction
from service.errors import OperatorError, StoreUnavailable

logger = logging.getLogger("kurzfassung")

_WORDS = {
    ":now": "((julianday('now') - 2440587.5) * 86400.0)",
    ":blob": "BLOB",
    ":real": "REAL",
    ":integer": "INTEGER",
    ":greatest": "max",
    ":serial": "INTEGER PRIMARY KEY",
    ":rowid": "",
    ":strict": "STRICT",
    ":clustered": "STRICT, WITHOUT ROWID",
    ":for_update": "",
    ":skip_locked": "",
}
_WORD = re.compile("|".join(_WORDS))

_BUSY_SECONDS = 10
_ERASE_MILLISECONDS = 200

_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})
"""Of the file or its log, and of the index beside them."""

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR")
"""Beginnings of names; what comes in the place of such a file has to be opened anew."""


class SqliteDatabase:
    """Committed is on the disk (`synchronous = FULL`), deleted is overwritten (`secure_delete`). The file and
    its folder are made at the first writing, readable by their owner only. `keeps` names in messages what is
    kept in it. With `stays_open` the file must stay where it is; without, it is opened for each transaction
    and may be replaced in between."""

    def __init__(self, path: Path, keeps: str, *, stays_open: bool = True) -> None:
        self._path = path
        self._keeps = keeps
        self._stays_open = stays_open
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def exists(self) -> bool:
        return self._connection is not None or self._path.is_file()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._lock, self._guarded():
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(connection)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # a full disk may have rolled it back already
                    connection.execute("ROLLBACK")
                raise
            finally:
                if not self._stays_open:
                    self._drop()

    def erase(self) -> None:
        """Text that was overwritten in the file is still in the log beside it until that is emptied, which
        it cannot be while somebody else reads, as for a backup: those who ask for jobs do not wait for
        that."""
        with self._lock, self._guarded():
            connection = self._connected()
            connection.execute(f"PRAGMA busy_timeout = {_ERASE_MILLISECONDS}")
            try:
                connection.execute("PRAGMA incremental_vacuum").fetchall()
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {1000 * _BUSY_SECONDS}")

    def backup(self, target: Path) -> None:
        """A consistent copy while the service runs. Raises `OperatorError` where `target` is there."""
        if not self.exists():
            raise OperatorError(f"{self._path}: there are no {self._keeps} to back up")
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            raise OperatorError(f"{target}: exists already; name another file") from None
        try:
            with self._lock, self._guarded(), closing(sqlite3.connect(target)) as copy:
                self._connected().backup(copy)
                # One file that can be carried away: without a log beside it.
                copy.execute("PRAGMA journal_mode = DELETE")
        except StoreUnavailable:
            target.unlink()  # a part would look like all of it
            raise

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):  # it may be damaged
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        """Raises `OSError` where the open file is not that of the path any more: what it takes in would be
        lost, and the log beside the path may belong to either."""
        if self._connection is not None and _identity(self._path) != self._file:
            raise OSError(errno.ESTALE, "the file was taken away or replaced; start the service anew")
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The files beside it take over its mode.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                _set_up(connection)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection, self._file = connection, _identity(self._path)
        return self._connection

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            cause = getattr(error, "sqlite_errorname", type(error).__name__)
            if cause not in _FULL and cause.startswith(_DAMAGED):
                self._drop()
            elif getattr(error, "errno", None) == errno.ESTALE:
                cause = str(error.args[1])
            logger.error(f"the store of {self._keeps}", extra={"facts": {"cause": cause}})
            message = f"The store of {self._keeps} cannot be used right now."
            if cause in _FULL or getattr(error, "errno", None) == errno.ENOSPC:
                message = f"The disk that keeps the {self._keeps} is full."
            raise StoreUnavailable(message, retry_after=5) from error


def _identity(path: Path) -> tuple[int, int] | None:
    """None where there is no file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _set_up(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA journal_mode").fetchall() != [("wal",)]:
        _make_wal(connection)
    for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _make_wal(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # heard only while the file is empty
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:  # another process does the same; SQLite does not wait for that
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _spelled(sql: str) -> str:
    return _WORD.sub(lambda word: _WORDS[word[0]], sql)


class SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *parameters: object) -> Rows:
        return self._connection.execute(_spelled(sql), parameters).fetchall()

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        self._connection.executemany(_spelled(sql), rows)

    def lock_schema(self) -> None:
        """The transaction began with the only lock there is."""

    def version(self) -> int:
        return int(self.execute("PRAGMA user_version")[0][0])

    def set_version(self, number: int) -> None:
        self.execute(f"PRAGMA user_version = {number:d}")

    def has_table(self, name: str) -> bool:
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name))
