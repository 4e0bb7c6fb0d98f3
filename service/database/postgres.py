"""A PostgreSQL database, for several machines that share it."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from service.database.protocol import Rows, Transaction
from service.errors import OperatorError, SettingInvalid, StoreUnavailable

try:
    import psycopg
except ImportError as error:
    raise OperatorError(
        "KURZFASSUNG_DATABASE_URL needs the driver of PostgreSQL: pip install 'kurzfassung[postgres]'"
    ) from error

logger = logging.getLogger("kurzfassung")

_WORDS = {
    ":now": "extract(epoch FROM clock_timestamp())::float8",
    ":blob": "BYTEA",
    ":real": "DOUBLE PRECISION",
    ":integer": "BIGINT",
    ":greatest": "greatest",
    ":serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    ":rowid": "rowid BIGINT GENERATED ALWAYS AS IDENTITY,",
    ":strict": "",
    ":clustered": "",
    ":for_update": "FOR UPDATE",
    ":skip_locked": "FOR UPDATE SKIP LOCKED",
    "?": "%s",
}
_WORD = re.compile("|".join(map(re.escape, _WORDS)))

_CONNECT_SECONDS = 5
_AWAY_SECONDS = 1.0
"""Before a server that could not be reached is tried again."""

_STATEMENT = "-c statement_timeout=10000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=30000"
_SCHEMA_LOCK = 0x6B7572_7A6A6F62
"""Any number that nobody else takes for an advisory lock."""


class PostgresDatabase:
    """One connection, made anew where it was lost or failed: the server behind it may not be the right one
    any more. `keeps` names in messages what is kept in it, and its version. Raises `SettingInvalid` for a URL
    that is none."""

    def __init__(self, url: str, keeps: str) -> None:
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise SettingInvalid(
                "KURZFASSUNG_DATABASE_URL: expected postgresql://USER@HOST/DATABASE"
            ) from None
        self._url = url
        self._keeps = keeps
        self._away_until = 0.0
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def exists(self) -> bool:
        return True

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._lock, self._guarded():
            connection = self._begun()
            try:
                yield _PostgresTransaction(connection, self._keeps)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    connection.execute("ROLLBACK")
                raise

    def erase(self) -> None:
        """The server's own vacuum does that."""

    def backup(self, target: Path) -> None:  # noqa: ARG002 -- the interface of `Database`
        raise OperatorError(
            f"The {self._keeps} are kept in PostgreSQL: back them up with pg_dump -t '{self._keeps}*'."
        )

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begun(self) -> psycopg.Connection:
        """A lost connection is noticed before anything was done on it."""
        if self._connection is not None:
            try:
                self._connection.execute("BEGIN")
                return self._connection
            except psycopg.OperationalError:
                self._drop()
        if time.monotonic() < self._away_until:
            raise psycopg.OperationalError  # whoever waited meanwhile does not wait as long again
        try:
            self._connection = psycopg.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_SECONDS, options=_STATEMENT
            )
        except psycopg.OperationalError:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            raise
        self._connection.execute("BEGIN")
        return self._connection

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            self._drop()
            cause = error.sqlstate or type(error).__name__
            logger.error(f"the store of {self._keeps}", extra={"facts": {"cause": cause}})
            message = f"The store of {self._keeps} cannot be used right now."
            raise StoreUnavailable(message, retry_after=5) from error


def _spelled(sql: str) -> Any:
    """Every statement is a constant of this package; psycopg asks for literals."""
    return _WORD.sub(lambda word: _WORDS[word[0]], sql)


def _sendable(parameters: Sequence[object]) -> Sequence[object]:
    """PostgreSQL takes no NUL in a text, where SQLite does: it becomes the sign for a lost character."""
    return [each.replace("\0", "\ufffd") if isinstance(each, str) else each for each in parameters]


class _PostgresTransaction:
    def __init__(self, connection: psycopg.Connection, keeps: str) -> None:
        self._connection = connection
        self._keeps = keeps

    def execute(self, sql: str, *parameters: object) -> Rows:
        cursor = self._connection.execute(_spelled(sql), _sendable(parameters) or None)
        return cursor.fetchall() if cursor.description else []

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_spelled(sql), map(_sendable, rows))

    def lock_schema(self) -> None:
        self.execute("SELECT pg_advisory_xact_lock(?)", _SCHEMA_LOCK)

    def has_table(self, name: str) -> bool:
        # `to_regclass` remembers until the transaction ends that there was none.
        found = self.execute(
            "SELECT count(*) FROM pg_catalog.pg_class WHERE relname = ? AND pg_table_is_visible(oid)", name
        )
        return found != [(0,)]

    def version(self) -> int:
        if not self.has_table("kurzfassung_versions"):
            return 0
        rows = self.execute("SELECT number FROM kurzfassung_versions WHERE keeps = ?", self._keeps)
        return int(rows[0][0]) if rows else 0

    def set_version(self, number: int) -> None:
        self.execute(
            "CREATE TABLE IF NOT EXISTS kurzfassung_versions "
            "(keeps TEXT PRIMARY KEY, number INTEGER NOT NULL)"
        )
        self.execute(
            "INSERT INTO kurzfassung_versions VALUES (?, ?) "
            "ON CONFLICT (keeps) DO UPDATE SET number = excluded.number",
            self._keeps,
            number,
        )
