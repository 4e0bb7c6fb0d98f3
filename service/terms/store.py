"""Glossaries kept between requests, in one SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.errors import GlossaryInvalid, GlossaryNotFound, StoreUnavailable
from service.terms.glossary import Term, check_terms

MOST_GLOSSARIES = 1000

_VERSION = 1
_SCHEMA = """
CREATE TABLE glossaries (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, created TEXT NOT NULL
) STRICT;
CREATE TABLE terms (
  glossary TEXT NOT NULL REFERENCES glossaries (id) ON DELETE CASCADE,
  number INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
  PRIMARY KEY (glossary, number)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class StoredGlossary:
    """`terms` counts them; `created` is in ISO 8601, UTC."""

    id: str
    name: str
    source_language: str
    target_language: str
    terms: int
    created: str


class GlossaryStore:
    """May be used from any thread; the file and its folder are made at the first writing. Every method
    raises `StoreUnavailable` where the file cannot be used, and those that take an id `GlossaryNotFound`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, source: str, target: str, terms: Sequence[Term]) -> StoredGlossary:
        """Raises `GlossaryInvalid`."""
        check_terms(terms)
        identity = uuid.uuid4().hex
        created = datetime.now(UTC).isoformat(timespec="seconds")
        with self._connected(writing=True) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT count(*) FROM glossaries").fetchone()[0] >= MOST_GLOSSARIES:
                raise GlossaryInvalid(f"At most {MOST_GLOSSARIES:,} glossaries are kept; delete one first.")
            connection.execute(
                "INSERT INTO glossaries VALUES (?, ?, ?, ?, ?)", (identity, name, source, target, created)
            )
            connection.executemany(
                "INSERT INTO terms VALUES (?, ?, ?, ?)",
                ((identity, number, term.source, term.target) for number, term in enumerate(terms)),
            )
        return StoredGlossary(identity, name, source, target, len(terms), created)

    def all(self) -> list[StoredGlossary]:
        """The oldest first."""
        with self._connected() as connection:
            rows = connection.execute(f"{_INFO} GROUP BY g.id ORDER BY g.created, g.id").fetchall()
        return [StoredGlossary(*row) for row in rows]

    def get(self, identity: str) -> tuple[StoredGlossary, tuple[Term, ...]]:
        with self._connected() as connection:
            row = connection.execute(f"{_INFO} WHERE g.id = ? GROUP BY g.id", (identity,)).fetchone()
            if row is None:
                raise _not_found()
            terms = connection.execute(
                "SELECT source, target FROM terms WHERE glossary = ? ORDER BY number", (identity,)
            ).fetchall()
        return StoredGlossary(*row), tuple(Term(*each) for each in terms)

    def remove(self, identity: str) -> None:
        with self._connected(writing=True) as connection, connection:
            if not connection.execute("DELETE FROM glossaries WHERE id = ?", (identity,)).rowcount:
                raise _not_found()

    @contextmanager
    def _connected(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        try:
            if writing:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            elif not self._path.is_file():
                with closing(sqlite3.connect(":memory:")) as empty:
                    empty.executescript(_SCHEMA)
                    yield empty
                return
            with closing(sqlite3.connect(self._path, timeout=5)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                _prepare(connection)
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise StoreUnavailable("The store of glossaries cannot be used right now.") from error


_INFO = (
    "SELECT g.id, g.name, g.source, g.target, count(t.number), g.created "
    "FROM glossaries g LEFT JOIN terms t ON t.glossary = g.id"
)


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, once. A file of a later version is not touched."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == _VERSION:
        return
    if version > _VERSION:
        raise StoreUnavailable("The store of glossaries was written by a later version of this service.")
    connection.execute("PRAGMA journal_mode = WAL")
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in filter(None, map(str.strip, _SCHEMA.split(";"))):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


def _not_found() -> GlossaryNotFound:
    return GlossaryNotFound("There is no glossary of that id here.", pointer="#/glossary")
